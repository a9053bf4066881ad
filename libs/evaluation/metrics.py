"""What evaluation computes, from label ids and probabilities alone."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LabelIds = npt.NDArray[np.int64]

RELIABILITY_BINS = 15
SUREST_SHARE = 0.8


class Interval(msgspec.Struct, frozen=True):
    """A value and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class ClassScore(msgspec.Struct, frozen=True):
    label: str
    precision: float
    recall: float
    f1: float
    support: int


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Predictions of like confidence: how sure they were, and how often right."""

    low: float
    high: float
    confidence: float
    accuracy: float
    rows: int


class CoveragePoint(msgspec.Struct, frozen=True):
    """Accuracy when only the surest share is answered."""

    coverage: float
    threshold: float
    accuracy: float


def confusion_matrix(label_ids: LabelIds, predicted: LabelIds, size: int) -> npt.NDArray[np.int64]:
    """Return counts (true label, predicted label)."""
    counts = np.bincount(label_ids * size + predicted, minlength=size * size)
    return counts.reshape(size, size).astype(np.int64)


def class_scores(confusion: npt.NDArray[np.int64], names: Sequence[str]) -> list[ClassScore]:
    precision, recall, f1 = _precision_recall_f1(confusion)
    support = confusion.sum(axis=1)
    return [
        ClassScore(name, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
        for i, name in enumerate(names)
    ]


def macro_f1(confusion: npt.NDArray[np.int64]) -> Floats:
    """Return macro F1 over the labels that occur, for (..., labels, labels) confusions."""
    _, _, f1 = _precision_recall_f1(confusion)
    occurs = confusion.sum(axis=-1) > 0
    result: Floats = (f1 * occurs).sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1)
    return result


def weighted_f1(confusion: npt.NDArray[np.int64]) -> Floats:
    """Return F1 weighted by support."""
    _, _, f1 = _precision_recall_f1(confusion)
    support = confusion.sum(axis=-1)
    result: Floats = (f1 * support).sum(axis=-1) / np.maximum(support.sum(axis=-1), 1)
    return result


def accuracy(confusion: npt.NDArray[np.int64]) -> Floats:
    result: Floats = np.trace(confusion, axis1=-2, axis2=-1) / np.maximum(
        confusion.sum(axis=(-2, -1)), 1
    )
    return result


def reliability(probabilities: Floats, label_ids: LabelIds) -> list[ReliabilityBin]:
    """Return the non-empty bins of equal width (Guo et al. 2017, 2)."""
    confidences = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == label_ids
    bins = np.minimum((confidences * RELIABILITY_BINS).astype(int), RELIABILITY_BINS - 1)
    return [
        ReliabilityBin(
            low=float(number / RELIABILITY_BINS),
            high=float((number + 1) / RELIABILITY_BINS),
            confidence=float(confidences[bins == number].mean()),
            accuracy=float(is_right[bins == number].mean()),
            rows=int((bins == number).sum()),
        )
        for number in np.unique(bins)
    ]


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Return the mean gap between confidence and accuracy, weighted by rows."""
    rows = sum(one.rows for one in bins)
    return sum(abs(one.confidence - one.accuracy) * one.rows for one in bins) / rows


def coverage_curve(
    probabilities: Floats, label_ids: LabelIds, points: int = 20
) -> list[CoveragePoint]:
    """Return the accuracy of the surest 1/points, 2/points ... of all rows."""
    confidences = probabilities.max(axis=1)
    order = np.argsort(-confidences, kind="stable")
    is_right = (probabilities.argmax(axis=1) == label_ids)[order]
    curve = []
    for point in range(1, points + 1):
        kept = max(round(len(order) * point / points), 1)
        curve.append(
            CoveragePoint(
                coverage=point / points,
                threshold=float(confidences[order[kept - 1]]),
                accuracy=float(is_right[:kept].mean()),
            )
        )
    return curve


def surest_accuracy(curve: Sequence[CoveragePoint]) -> float:
    """Return the accuracy of the 80 % surest rows of a curve."""
    return next(point.accuracy for point in curve if point.coverage >= SUREST_SHARE)


def bootstrap_confusions(
    label_ids: LabelIds, predictions: Sequence[LabelIds], size: int, samples: int, seed: int
) -> list[npt.NDArray[np.int64]]:
    """Return for each prediction (samples, size, size) confusions of the same resampled rows.

    Equal resamples make differences between predictions paired (Efron and Tibshirani 1993, 8.3).
    """
    generator = np.random.default_rng(seed)
    codes = [label_ids * size + predicted for predicted in predictions]
    result = [np.zeros((samples, size, size), dtype=np.int64) for _ in predictions]
    for sample in range(samples):
        rows = generator.integers(0, len(label_ids), len(label_ids))
        for code, confusions in zip(codes, result, strict=True):
            confusions[sample].flat = np.bincount(code[rows], minlength=size * size)
    return result


def interval(value: float, resampled: Floats) -> Interval:
    """Return the percentile interval around `value`."""
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Interval(value, float(low), float(high))


def _precision_recall_f1(confusion: npt.NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    predicted = confusion.sum(axis=-2)
    actual = confusion.sum(axis=-1)
    return (
        hits / np.maximum(predicted, 1),
        hits / np.maximum(actual, 1),
        2 * hits / np.maximum(predicted + actual, 1),
    )
