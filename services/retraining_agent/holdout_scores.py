"""What a model is worth on labelled rows: the numbers that a record and a proof carry."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.intervals import confusion_matrix, f1_scores, macro_f1

_CALIBRATION_BINS = 15


class HoldoutScores(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Scores of one model on one holdout."""

    rows: int
    accuracy: float
    macro_f1: float
    weighted_f1: float
    f1: dict[str, float]
    calibration_error: float
    """Expected calibration error, 15 equal bins (Guo et al. 2017)."""
    mean_confidence: float


def holdout_scores(
    true_ids: Sequence[int], probabilities: npt.NDArray[np.float64]
) -> HoldoutScores:
    """Score probabilities of shape (rows, num_labels) against the true label ids."""
    truth = np.asarray(true_ids)
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    confusion = confusion_matrix(true_ids, predicted.tolist(), len(LABEL_SCHEMA))
    f1 = np.nan_to_num(f1_scores(confusion))
    return HoldoutScores(
        rows=len(truth),
        accuracy=float((predicted == truth).mean()),
        macro_f1=float(macro_f1(confusion)),
        weighted_f1=float(f1 @ confusion.sum(axis=1) / len(truth)),
        f1=dict(zip(LABEL_SCHEMA.names, map(float, f1), strict=True)),
        calibration_error=calibration_error(confidence, predicted == truth),
        mean_confidence=float(confidence.mean()),
    )


def calibration_error(
    confidence: npt.NDArray[np.float64], is_right: npt.NDArray[np.bool_]
) -> float:
    """Return the expected calibration error."""
    bins = np.minimum((confidence * _CALIBRATION_BINS).astype(int), _CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=is_right - confidence, minlength=_CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(confidence))
