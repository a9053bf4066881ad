"""AdamW with a learning rate for each depth: the head fastest, the embeddings slowest."""

import itertools
import re
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from libs.heads.torch_classifier import ComplaintClassifier
from services.trainer.config import FitConfig

_LAYER = re.compile(r"^encoder\.transformer\.layer\.(\d+)\.")


def build_optimizer(
    classifier: ComplaintClassifier, config: FitConfig, heads: Sequence[nn.Module] = ()
) -> torch.optim.AdamW:
    """Return AdamW over one parameter group a learning rate and decay."""
    return torch.optim.AdamW(parameter_groups(classifier, config, heads), fused=True)


def parameter_groups(
    classifier: ComplaintClassifier, config: FitConfig, heads: Sequence[nn.Module] = ()
) -> list[dict[str, Any]]:
    """Group parameters by learning rate, those of `heads` at the head's; biases and layer norms do
    not decay.

    Layer-wise decay: Howard and Ruder 2018, "Universal Language Model Fine-tuning", 3.2.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    layers = int(classifier.encoder.config.n_layers)
    beside = (("head.", parameter) for head in heads for parameter in head.parameters())
    for name, parameter in itertools.chain(classifier.named_parameters(), beside):
        if not parameter.requires_grad:
            continue
        decay = 0.0 if parameter.ndim < 2 else config.weight_decay
        rate = _learning_rate(name, layers, config)
        groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "weight_decay": decay}
        for (rate, decay), parameters in groups.items()
    ]


def _learning_rate(name: str, layers: int, config: FitConfig) -> float:
    if name.startswith("head."):
        return config.head_learning_rate
    found = _LAYER.match(name)
    depth = layers - 1 - int(found.group(1)) if found else layers
    return config.learning_rate * config.layer_decay**depth
