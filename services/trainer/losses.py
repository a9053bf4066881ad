"""The losses that an imbalanced, noisily labelled set calls for."""

from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

from services.trainer.config import LossConfig

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Logits (batch, num_labels) and label ids (batch,) to each row's loss (batch,)."""


def build_loss(config: LossConfig, class_counts: Sequence[int]) -> Loss:
    """Return the configured loss for a training set with `class_counts` rows by label id."""
    counts = torch.tensor(class_counts, dtype=torch.float32).clamp(min=1)
    if config.kind == "logit_adjusted":
        adjustment = config.tau * torch.log(counts / counts.sum())
        return lambda logits, labels: _row_losses(
            logits + adjustment.to(logits.device), labels, config
        )
    if config.kind == "focal":
        return lambda logits, labels: _focal(logits, labels, config)
    weights = _weights(config, counts)
    return lambda logits, labels: (
        _row_losses(logits, labels, config) * weights.to(logits.device)[labels]
    )


def teach_loss(
    losses: torch.Tensor, logits: torch.Tensor, taught: torch.Tensor, share: float
) -> torch.Tensor:
    """Let `share` of the losses (batch,) be the cross-entropy to what a teacher says.

    `taught` are its probabilities (batch, num_labels). Hinton et al. 2015, "Distilling the
    Knowledge in a Neural Network", at temperature 1.
    """
    teachers = functional.cross_entropy(logits.float(), taught, reduction="none")
    return (1 - share) * losses + share * teachers


def _weights(config: LossConfig, counts: torch.Tensor) -> torch.Tensor:
    """Class weights with a mean of 1 over the training rows."""
    if config.kind == "class_balanced":
        # Cui et al. 2019, "Class-Balanced Loss Based on Effective Number of Samples", eq. 6.
        weights = (1 - config.beta) / (1 - torch.pow(torch.tensor(config.beta), counts))
    elif config.kind == "square_root":
        weights = counts.rsqrt()
    else:
        weights = torch.ones_like(counts)
    return weights * counts.sum() / (weights * counts).sum()


def _row_losses(logits: torch.Tensor, labels: torch.Tensor, config: LossConfig) -> torch.Tensor:
    return functional.cross_entropy(
        logits.float(), labels, reduction="none", label_smoothing=config.label_smoothing
    )


def _focal(logits: torch.Tensor, labels: torch.Tensor, config: LossConfig) -> torch.Tensor:
    # Lin et al. 2017, "Focal Loss for Dense Object Detection", eq. 4.
    probability = functional.softmax(logits.float(), dim=-1).gather(1, labels[:, None])[:, 0]
    return (1 - probability) ** config.gamma * _row_losses(logits, labels, config)
