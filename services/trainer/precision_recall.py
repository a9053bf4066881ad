"""Precision against recall of every label: what a threshold on one label's probability trades."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, precision_recall_curve

MAX_POINTS = 100


class PrecisionRecallPoint(msgspec.Struct, frozen=True):
    """Precision and recall when the label is given at or above `threshold`."""

    threshold: float
    precision: float
    recall: float


class PrecisionRecallCurve(msgspec.Struct, frozen=True):
    """One label against all others, by rising threshold."""

    label: str
    average_precision: float
    points: list[PrecisionRecallPoint]


def precision_recall_curves(
    probabilities: npt.NDArray[np.float64],
    label_ids: npt.NDArray[np.int64],
    names: Sequence[str],
) -> list[PrecisionRecallCurve]:
    """Return the curve of every label that occurs, thinned to MAX_POINTS points."""
    return [
        _curve(name, label_ids == label_id, probabilities[:, label_id])
        for label_id, name in enumerate(names)
        if (label_ids == label_id).any()
    ]


def _curve(
    name: str, is_label: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]
) -> PrecisionRecallCurve:
    precision, recall, thresholds = precision_recall_curve(is_label, scores)
    count = min(len(thresholds), MAX_POINTS)
    kept = np.unique(np.linspace(0, len(thresholds) - 1, count).round().astype(int))
    points = zip(thresholds[kept], precision[kept], recall[kept], strict=True)
    return PrecisionRecallCurve(
        name,
        float(average_precision_score(is_label, scores)),
        [PrecisionRecallPoint(*(float(value) for value in point)) for point in points],
    )
