"""Measures whether two models give the same logits, however a narrative is run."""

from collections.abc import Sequence

import msgspec
import numpy as np
import torch

from libs.heads.torch_classifier import ComplaintClassifier
from services.onnx_exporter.onnx_classifier import Logits, OnnxClassifier, pad
from services.onnx_exporter.pieces import cut_pieces

LENGTHS = (1, 2, 3, 4, 7, 8, 9, 16, 31, 32, 33, 64, 100, 127, 128, 129, 200, 256, 384, 511, 512)
BATCH = 4
PADDING = 8


class ParityReport(msgspec.Struct, frozen=True):
    """The float32 graph against torch, at every length."""

    lengths: list[int]
    max_logit_difference: float


class InvarianceReport(msgspec.Struct, frozen=True):
    """One narrative alone against the same narrative in company."""

    is_repeatable: bool
    """Two sessions gave the same bits."""
    max_batched_difference: float
    max_padded_difference: float
    is_dynamic: bool
    """The graph scales its activations by what is in the tensor."""


def measure_parity(
    classifier: ComplaintClassifier, model: OnnxClassifier, stream: Sequence[int], limit: int
) -> ParityReport:
    """Compare logits on pieces of `stream`, a long run of token ids, up to `limit` tokens."""
    lengths = [length for length in LENGTHS if length <= limit]
    differences = [
        _difference(torch_logits(classifier, piece), model.logits(piece))
        for piece in cut_pieces(stream, lengths)
    ]
    return ParityReport(lengths, float(np.max(differences)))


def torch_logits(classifier: ComplaintClassifier, input_ids: Sequence[int]) -> Logits:
    """Return the logits (num_labels,) of one unpadded narrative."""
    ids = torch.tensor([list(input_ids)])
    with torch.inference_mode():
        logits = classifier(ids, torch.ones_like(ids))[0]
    return np.asarray(logits.numpy(), dtype=np.float32)


def measure_invariance(
    model: OnnxClassifier, again: OnnxClassifier, encoded: Sequence[Sequence[int]], pad_id: int
) -> InvarianceReport:
    """Run each of `encoded` alone, in a padded batch of four, and padded by itself.

    `encoded` must leave room for the padding among the model's positions.
    """
    alone = [model.logits(ids) for ids in encoded]
    repeated = [again.logits(ids) for ids in encoded]
    batched: list[Logits] = []
    for start in range(0, len(encoded), BATCH):
        group = encoded[start : start + BATCH]
        batched.extend(model.batch_logits(*pad(group, pad_id, max(map(len, group)))))
    padded = [model.batch_logits(*pad([ids], pad_id, len(ids) + PADDING))[0] for ids in encoded]
    return InvarianceReport(
        is_repeatable=all(np.array_equal(a, b) for a, b in zip(alone, repeated, strict=True)),
        max_batched_difference=_largest_difference(alone, batched),
        max_padded_difference=_largest_difference(alone, padded),
        is_dynamic=model.is_dynamic,
    )


def _largest_difference(some: Sequence[Logits], others: Sequence[Logits]) -> float:
    return float(np.max([_difference(one, other) for one, other in zip(some, others, strict=True)]))


def _difference(one: Logits, other: Logits) -> float:
    return float(np.abs(one - other).max())
