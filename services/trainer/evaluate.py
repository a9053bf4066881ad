"""The evaluation of a checkpoint and of what it has to beat, on rows that it never saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from libs.artifact.manifest import Scalar
from libs.evaluation import metrics
from libs.heads.postprocess import DecisionRule, softmax
from libs.labels.schema import LABEL_SCHEMA
from services.trainer.dataset import TokenizedSplit
from services.trainer.label_errors import LabelErrors, find_label_errors
from services.trainer.precision_recall import PrecisionRecallCurve, precision_recall_curves

NUM_LABELS = len(LABEL_SCHEMA)
MIN_SLICE_ROWS = 20

Floats = npt.NDArray[np.float64]
LabelIds = npt.NDArray[np.int64]


class SliceScore(msgspec.Struct, frozen=True):
    """The model on a part of the rows."""

    by: str
    value: str
    rows: int
    macro_f1: float
    accuracy: float


class Comparison(msgspec.Struct, frozen=True):
    """A rival on the same rows; `lead` is ours minus theirs, in macro F1, paired."""

    name: str
    macro_f1: float
    weighted_f1: float
    accuracy: float
    lead: metrics.Interval


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the report shows."""

    rows: int
    macro_f1: metrics.Interval
    weighted_f1: metrics.Interval
    accuracy: metrics.Interval
    classes: list[metrics.ClassScore]
    confusion: list[list[int]]
    calibration_error: float
    calibration_error_before: float
    """Without the temperature."""
    reliability: list[metrics.ReliabilityBin]
    coverage: list[metrics.CoveragePoint]
    accuracy_at_80: float
    review_threshold: float
    review_coverage: float
    """Share of the rows that need no review."""
    review_accuracy: float
    """Their accuracy."""
    truncated: float
    precision_recall: list[PrecisionRecallCurve]
    slices: list[SliceScore]
    label_errors: LabelErrors
    comparisons: list[Comparison]

    def summary(self) -> dict[str, Scalar]:
        """Return the figures that travel with the checkpoint."""
        return {
            "rows": self.rows,
            "macro_f1": self.macro_f1.value,
            "macro_f1_low": self.macro_f1.low,
            "macro_f1_high": self.macro_f1.high,
            "weighted_f1": self.weighted_f1.value,
            "accuracy": self.accuracy.value,
            "calibration_error": self.calibration_error,
            "accuracy_at_80": self.accuracy_at_80,
            "review_coverage": self.review_coverage,
            "review_accuracy": self.review_accuracy,
            **{f"f1.{score.label}": score.f1 for score in self.classes},
            **{f"{rival.name}.macro_f1": rival.macro_f1 for rival in self.comparisons},
            **{f"{rival.name}.lead_low": rival.lead.low for rival in self.comparisons},
        }


@dataclass(frozen=True)
class EvaluationTask:
    logits: Floats
    split: TokenizedSplit
    rule: DecisionRule
    rivals: Mapping[str, LabelIds]
    """Predicted label ids of the same rows, by name."""
    bootstrap_samples: int
    seed: int
    label_errors: int
    """How many likely label errors to list."""


def evaluate(task: EvaluationTask) -> Evaluation:
    """Compute every figure of the report."""
    label_ids = task.split.label_ids
    probabilities = softmax(task.logits, task.rule.temperature)
    predicted = probabilities.argmax(axis=1).astype(np.int64)
    confusion = metrics.confusion_matrix(label_ids, predicted, NUM_LABELS)
    ours, *theirs = metrics.bootstrap_confusions(
        label_ids,
        [predicted, *task.rivals.values()],
        NUM_LABELS,
        task.bootstrap_samples,
        task.seed,
    )
    bins = metrics.reliability(probabilities, label_ids)
    coverage = metrics.coverage_curve(probabilities, label_ids)
    above = probabilities.max(axis=1) >= task.rule.review_threshold
    return Evaluation(
        rows=len(label_ids),
        macro_f1=metrics.interval(float(metrics.macro_f1(confusion)), metrics.macro_f1(ours)),
        weighted_f1=metrics.interval(
            float(metrics.weighted_f1(confusion)), metrics.weighted_f1(ours)
        ),
        accuracy=metrics.interval(float(metrics.accuracy(confusion)), metrics.accuracy(ours)),
        classes=metrics.class_scores(confusion, LABEL_SCHEMA.names),
        confusion=confusion.tolist(),
        calibration_error=metrics.expected_calibration_error(bins),
        calibration_error_before=metrics.expected_calibration_error(
            metrics.reliability(softmax(task.logits, 1.0), label_ids)
        ),
        reliability=bins,
        coverage=coverage,
        accuracy_at_80=metrics.surest_accuracy(coverage),
        review_threshold=task.rule.review_threshold,
        review_coverage=float(above.mean()),
        review_accuracy=float((predicted == label_ids)[above].mean()) if above.any() else 0.0,
        truncated=float((task.split.token_counts > task.split.lengths).mean()),
        precision_recall=precision_recall_curves(probabilities, label_ids, LABEL_SCHEMA.names),
        slices=slice_scores(task.split, predicted),
        label_errors=find_label_errors(
            probabilities, label_ids, task.split.rows, task.label_errors
        ),
        comparisons=[
            _compare(name, label_ids, rival, confusion, ours, rival_samples)
            for (name, rival), rival_samples in zip(task.rivals.items(), theirs, strict=True)
        ],
    )


def slice_scores(split: TokenizedSplit, predicted: LabelIds) -> list[SliceScore]:
    """Score by year, source, length and truncation; slices under MIN_SLICE_ROWS say nothing."""
    groups: dict[str, Sequence[str]] = {
        "year": [str(year) if year else "unknown" for year in split.years],
        "source": [source or "unknown" for source in split.sources],
        "length": [_length_group(int(count)) for count in split.token_counts],
        "truncated": [
            "yes" if count > length else "no"
            for count, length in zip(split.token_counts, split.lengths, strict=True)
        ],
    }
    return [
        _slice(by, value, rows, split.label_ids, predicted)
        for by, values in groups.items()
        for value in sorted(set(values))
        if (rows := np.array([one == value for one in values])).sum() >= MIN_SLICE_ROWS
    ]


def _slice(
    by: str, value: str, rows: npt.NDArray[np.bool_], label_ids: LabelIds, predicted: LabelIds
) -> SliceScore:
    confusion = metrics.confusion_matrix(label_ids[rows], predicted[rows], NUM_LABELS)
    return SliceScore(
        by,
        value,
        int(rows.sum()),
        float(metrics.macro_f1(confusion)),
        float(metrics.accuracy(confusion)),
    )


def _length_group(tokens: int) -> str:
    for limit in (64, 128, 256, 512):
        if tokens <= limit:
            return f"up to {limit:3d}"
    return "over 512"


def _compare(
    name: str,
    label_ids: LabelIds,
    rival: LabelIds,
    ours: npt.NDArray[np.int64],
    our_samples: npt.NDArray[np.int64],
    rival_samples: npt.NDArray[np.int64],
) -> Comparison:
    theirs = metrics.confusion_matrix(label_ids, rival, NUM_LABELS)
    lead = float(metrics.macro_f1(ours) - metrics.macro_f1(theirs))
    return Comparison(
        name=name,
        macro_f1=float(metrics.macro_f1(theirs)),
        weighted_f1=float(metrics.weighted_f1(theirs)),
        accuracy=float(metrics.accuracy(theirs)),
        lead=metrics.interval(
            lead, metrics.macro_f1(our_samples) - metrics.macro_f1(rival_samples)
        ),
    )
