"""A checkpoint as an ONNX graph in float32: the first step. Knows no fusion and no quantisation."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch

from libs.artifact.checkpoint import Checkpoint, open_checkpoint
from libs.artifact.manifest import TOKENIZER_FILE
from libs.heads.torch_classifier import ComplaintClassifier, load_classifier
from libs.labels.schema import LABEL_SCHEMA
from libs.text.tokenizer import NarrativeTokenizer
from services.onnx_exporter.encoder_graph import FusibleClassifier
from services.onnx_exporter.errors import UnfitCheckpointError
from services.onnx_exporter.ngram_graph import join_ngrams

OPSET = 18
INPUT_NAMES = ("input_ids", "attention_mask")
OUTPUT_NAME = "logits"


@dataclass(frozen=True)
class TrainedModel:
    """A checkpoint with its classifier and tokenizer in memory."""

    checkpoint: Checkpoint
    classifier: ComplaintClassifier
    tokenizer: NarrativeTokenizer

    @property
    def max_positions(self) -> int:
        return int(self.classifier.encoder.config.max_position_embeddings)

    @property
    def heads(self) -> int:
        return int(self.classifier.encoder.config.n_heads)

    @property
    def layers(self) -> int:
        return int(self.classifier.encoder.config.n_layers)


def load_trained_model(directory: Path) -> TrainedModel:
    """Open a checkpoint folder and refuse it unless its parts belong together.

    Raises ArtifactError, LabelSchemaMismatchError, WeightsError, TokenizerError or
    UnfitCheckpointError.
    """
    checkpoint = open_checkpoint(directory)
    LABEL_SCHEMA.require_digest(checkpoint.info.label_schema.digest)
    model = TrainedModel(
        checkpoint,
        load_classifier(directory, checkpoint.info.head),
        NarrativeTokenizer.from_file(directory / TOKENIZER_FILE, checkpoint.info.truncation),
    )
    _require_fit(model)
    return model


def export_graph(model: TrainedModel, target: Path) -> None:
    """Write the float32 graph: batch and sequence are dynamic, the output is logits."""
    example = torch.tensor([[2, 5, 3], [2, 3, 0]])
    mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
    axes = {name: {0: "batch", 1: "sequence"} for name in INPUT_NAMES}
    with warnings.catch_warnings():
        # The tracing exporter is deprecated, but the fusions know the graphs of no other.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            FusibleClassifier(model.classifier).eval(),
            (example, mask),
            str(target),
            input_names=list(INPUT_NAMES),
            output_names=[OUTPUT_NAME],
            dynamic_axes={**axes, OUTPUT_NAME: {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
    if model.classifier.ngrams is not None:
        graph = onnx.load(str(target))
        join_ngrams(graph, model.classifier.ngrams, output=OUTPUT_NAME)
        onnx.save(graph, str(target))


def _require_fit(model: TrainedModel) -> None:
    config, info = model.classifier.encoder.config, model.checkpoint.info
    if config.activation != "gelu":
        raise UnfitCheckpointError(f"the activation is {config.activation!r}: expected 'gelu'")
    if model.tokenizer.vocabulary_size > config.vocab_size:
        raise UnfitCheckpointError(
            f"the tokenizer has {model.tokenizer.vocabulary_size} tokens, "
            f"the encoder embeds {config.vocab_size}"
        )
    if info.truncation.max_length > model.max_positions:
        raise UnfitCheckpointError(
            f"max_length is {info.truncation.max_length}: "
            f"the encoder has {model.max_positions} positions"
        )
    if info.head.num_labels != len(info.label_schema):
        raise UnfitCheckpointError(
            f"the head has {info.head.num_labels} outputs for {len(info.label_schema)} labels"
        )
