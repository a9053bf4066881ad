"""Checkpoints with random weights, for tests and benchmarks of the exporter."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import DistilBertConfig, DistilBertModel

from libs.artifact.checkpoint import Checkpoint, CheckpointInfo, write_checkpoint_info
from libs.artifact.files import describe_files
from libs.heads.spec import HeadKind, HeadSpec
from libs.heads.torch_classifier import ComplaintClassifier, save_classifier
from libs.heads.torch_head import ClassificationHead
from libs.heads.torch_ngrams import NgramBranch, ngram_keys
from libs.labels.schema import LABEL_SCHEMA, LabelSchema
from libs.text.truncation import TruncationSpec

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'$%-/{}#@:;()\"\u4fe1\u7528\u5361"
WORDS = (
    "the my a of and to was i they bank card credit report debt loan mortgage account fee charged "
    "collector payment balance dispute letter interest late money transfer score inquiry never"
).split()


@dataclass(frozen=True)
class ModelShape:
    """The size of a model; the default exports in a second."""

    width: int = 32
    layers: int = 2
    heads: int = 4
    vocabulary: int = 200
    positions: int = 128
    head_kind: HeadKind = "cls_mlp"
    ngrams: int = 300


_FULL = ModelShape(layers=6, heads=12, vocabulary=30_522, positions=512, ngrams=50_000)
MINILM_SHAPE = replace(_FULL, width=384)
BASE_SHAPE = replace(_FULL, width=768)


def write_random_checkpoint(
    directory: Path,
    shape: ModelShape | None = None,
    *,
    truncation: TruncationSpec | None = None,
    schema: LabelSchema = LABEL_SCHEMA,
    tokenizer: Tokenizer | None = None,
) -> Checkpoint:
    """Write a checkpoint of random weights, always the same ones; its own tokenizer is small."""
    shape = shape or ModelShape()
    directory.mkdir(parents=True)
    classifier = random_classifier(shape, len(schema))
    save_classifier(classifier, directory)
    (tokenizer or wordpiece_tokenizer()).save(str(directory / "tokenizer.json"), pretty=False)
    files = describe_files(directory, ("config.json", "model.safetensors", "tokenizer.json"))
    info = CheckpointInfo(
        label_schema=schema,
        head=classifier.head.spec,
        encoder_name="random",
        truncation=truncation or TruncationSpec(max_length=64),
        temperature=1.3,
        review_threshold=0.6,
        training_data_fingerprint="0" * 64,
        hyperparameters={"seed": 7},
        evaluation={"macro_f1": 0.2},
        code_revision="test",
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        files=files,
    )
    return write_checkpoint_info(directory, info)


def random_classifier(shape: ModelShape, num_labels: int) -> ComplaintClassifier:
    """Return a classifier whose logits differ between narratives by more than rounding."""
    generator = torch.Generator().manual_seed(7)
    config = DistilBertConfig(
        vocab_size=shape.vocabulary,
        max_position_embeddings=shape.positions,
        dim=shape.width,
        n_layers=shape.layers,
        n_heads=shape.heads,
        hidden_dim=4 * shape.width,
    )
    spec = HeadSpec(shape.head_kind, shape.width, num_labels)
    classifier = ComplaintClassifier(DistilBertModel(config), ClassificationHead(spec))
    with torch.no_grad():
        for name, weight in classifier.named_parameters():
            if "norm" in name.lower():  # near 1 and 0, and none like another, as trained ones are
                weight.add_(0.01 * torch.randn(weight.shape, generator=generator))
                continue
            spread = 0.1 if name.startswith("head") else 0.04
            weight.normal_(0.0, spread, generator=generator)
    if shape.ngrams:
        classifier.add_ngrams(_random_branch(shape, num_labels, generator))
    return classifier.eval()


def _random_branch(shape: ModelShape, num_labels: int, generator: torch.Generator) -> NgramBranch:
    """Return a branch over tokens and pairs of tokens, none of them padding."""
    ids = torch.randint(1, shape.vocabulary, (2 * shape.ngrams,), generator=generator)
    keys = ngram_keys(ids[None])[0].unique()
    keys = keys[torch.randperm(len(keys), generator=generator)[: shape.ngrams]].sort().values
    return NgramBranch(
        keys,
        1 + torch.rand(shape.ngrams, generator=generator),
        torch.randn(shape.ngrams, num_labels, generator=generator),
        torch.randn(num_labels, generator=generator),
    )


def wordpiece_tokenizer() -> Tokenizer:
    """Return an uncased BERT tokenizer with a small vocabulary."""
    pieces = [*SPECIAL, *CHARACTERS, *(f"##{character}" for character in CHARACTERS), *WORDS]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(SPECIAL)
    return tokenizer
