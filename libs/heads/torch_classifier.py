"""Encoder and head as one torch module, and its files: config.json and model.safetensors."""

from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import DistilBertConfig, DistilBertModel

from libs.heads.errors import WeightsError
from libs.heads.spec import HeadSpec
from libs.heads.torch_head import ClassificationHead
from libs.heads.torch_ngrams import NgramBranch, empty_branch

WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"


class ComplaintClassifier(nn.Module):
    """A DistilBERT encoder under a classification head, with a sparse branch where there is one."""

    def __init__(
        self,
        encoder: DistilBertModel,
        head: ClassificationHead,
        ngrams: NgramBranch | None = None,
    ) -> None:
        super().__init__()
        if encoder.config.dim != head.spec.hidden_size:
            raise WeightsError(
                f"the head expects hidden_size {head.spec.hidden_size}, "
                f"the encoder has {encoder.config.dim}"
            )
        self.encoder = encoder
        self.head = head
        self.ngrams = ngrams

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Token ids and mask, both (batch, length) int64, to logits (batch, num_labels)."""
        output = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        logits: torch.Tensor = self.head(output.last_hidden_state, attention_mask)
        return logits if self.ngrams is None else logits + self.ngrams(input_ids)

    def add_ngrams(self, ngrams: NgramBranch) -> None:
        """Take `ngrams` as the sparse branch, and write it into the head spec."""
        self.head.spec = replace(self.head.spec, ngrams=len(ngrams.keys))
        self.ngrams = ngrams


def save_classifier(classifier: ComplaintClassifier, directory: Path) -> None:
    """Write the encoder's configuration and all weights into `directory`."""
    classifier.encoder.config.to_json_file(str(directory / CONFIG_FILE))
    weights = {name: value.contiguous() for name, value in classifier.state_dict().items()}
    save_file(weights, str(directory / WEIGHTS_FILE))


def load_classifier(directory: Path, spec: HeadSpec) -> ComplaintClassifier:
    """Read what `save_classifier` wrote, in evaluation mode; raises WeightsError."""
    try:
        config = DistilBertConfig.from_json_file(str(directory / CONFIG_FILE))
        weights = load_file(str(directory / WEIGHTS_FILE))
    except (OSError, ValueError, SafetensorError) as error:
        raise WeightsError(f"{directory} holds no readable classifier: {error}") from error
    ngrams = empty_branch(spec.ngrams, spec.num_labels) if spec.ngrams else None
    classifier = ComplaintClassifier(DistilBertModel(config), ClassificationHead(spec), ngrams)
    try:
        classifier.load_state_dict(weights)
    except RuntimeError as error:
        raise WeightsError(
            f"the weights in {directory / WEIGHTS_FILE} do not fit {CONFIG_FILE} and the head spec"
        ) from error
    return classifier.eval()
