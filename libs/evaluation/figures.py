"""How good a model is on labelled narratives, in the figures that model cards and gates quote."""

from collections.abc import Callable

import msgspec

from libs.evaluation import metrics
from libs.evaluation.metrics import ClassScore, Floats, Interval, LabelIds
from libs.heads.postprocess import DecisionRule

BOOTSTRAP_SAMPLES = 1000
SEED = 7


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Intervals are 95 % bootstrap intervals over the narratives."""

    narratives: int
    macro_f1: Interval
    weighted_f1: Interval
    accuracy: Interval
    classes: list[ClassScore]
    calibration_error: float
    accuracy_at_80: float
    """Accuracy on the 80 % surest."""
    review_coverage: float
    """Share at or above the review threshold."""
    review_accuracy: float
    """Their accuracy."""


def measure_figures(probabilities: Floats, label_ids: LabelIds, rule: DecisionRule) -> Figures:
    """Judge `probabilities` (narratives, labels) against the true label ids."""
    names = rule.schema.names
    predicted = probabilities.argmax(axis=1)
    confusion = metrics.confusion_matrix(label_ids, predicted, len(names))
    (resampled,) = metrics.bootstrap_confusions(
        label_ids, [predicted], len(names), BOOTSTRAP_SAMPLES, SEED
    )
    is_sure = probabilities.max(axis=1) >= rule.review_threshold
    is_right = predicted == label_ids
    return Figures(
        narratives=len(label_ids),
        macro_f1=_interval(metrics.macro_f1, confusion, resampled),
        weighted_f1=_interval(metrics.weighted_f1, confusion, resampled),
        accuracy=_interval(metrics.accuracy, confusion, resampled),
        classes=metrics.class_scores(confusion, names),
        calibration_error=metrics.expected_calibration_error(
            metrics.reliability(probabilities, label_ids)
        ),
        accuracy_at_80=metrics.surest_accuracy(metrics.coverage_curve(probabilities, label_ids)),
        review_coverage=float(is_sure.mean()),
        review_accuracy=float(is_right[is_sure].mean()) if is_sure.any() else 0.0,
    )


def _interval(
    measure: Callable[[LabelIds], Floats], confusion: LabelIds, resampled: LabelIds
) -> Interval:
    return metrics.interval(float(measure(confusion)), measure(resampled))
