"""What reviews say of the champion's quality, and how sure of it they can be."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.evidence import ReviewedAccuracy
from services.retraining_agent.intervals import (
    Estimate,
    confusion_matrix,
    macro_f1,
    resampled_counts,
    share,
)
from services.retraining_agent.reviewed_rows import ReviewedRow

RESAMPLES = 1000
_SEED = 20

Stratum = tuple[str, int]
"""Predicted label and confidence band: what decides whether a row is shown to a reviewer."""


def stratum(predicted_label: str, confidence: float) -> Stratum:
    """Return the stratum of a decision; the bands meet at 0.6 and 0.9."""
    return predicted_label, (confidence >= 0.6) + (confidence >= 0.9)


def reviewed_accuracy(
    rows: Sequence[ReviewedRow], logged: Mapping[Stratum, int]
) -> ReviewedAccuracy:
    """Measure the champion on its reviewed rows; `logged` counts all its rows by stratum."""
    reviewed = Counter(stratum(row.predicted_label, row.confidence) for row in rows)
    covered = sum(count for key, count in logged.items() if key in reviewed)
    hits = Counter(row.true_label for row in rows if row.true_label == row.predicted_label)
    predicted = Counter(row.predicted_label for row in rows)
    true = Counter(row.true_label for row in rows)
    return ReviewedAccuracy(
        rows=len(rows),
        accuracy=share(hits.total(), len(rows)),
        claimed_accuracy=sum(row.confidence for row in rows) / len(rows) if rows else None,
        precision={name: share(hits[name], predicted[name]) for name in LABEL_SCHEMA.names},
        recall={name: share(hits[name], true[name]) for name in LABEL_SCHEMA.names},
        macro_f1=_weighted_macro_f1(rows, logged) if rows else None,
        covered_share=covered / max(1, sum(logged.values())),
    )


def _weighted_macro_f1(rows: Sequence[ReviewedRow], logged: Mapping[Stratum, int]) -> Estimate:
    by_stratum: dict[Stratum, list[ReviewedRow]] = {}
    for row in rows:
        by_stratum.setdefault(stratum(row.predicted_label, row.confidence), []).append(row)
    rng = np.random.default_rng(_SEED)
    point = np.zeros((len(LABEL_SCHEMA), len(LABEL_SCHEMA)))
    resampled = np.zeros((RESAMPLES, len(LABEL_SCHEMA), len(LABEL_SCHEMA)))
    for key in sorted(by_stratum):
        members = by_stratum[key]
        counts = _confusion(members)
        weight = logged.get(key, len(members)) / len(members)
        point += counts * weight
        resampled += resampled_counts(counts, RESAMPLES, rng) * weight
    low, high = np.quantile(macro_f1(resampled), [0.025, 0.975])
    return Estimate(float(macro_f1(point)), float(low), float(high), len(rows))


def _confusion(rows: Sequence[ReviewedRow]) -> npt.NDArray[np.float64]:
    return confusion_matrix(
        [LABEL_SCHEMA.label_id(row.true_label) for row in rows],
        [LABEL_SCHEMA.label_id(row.predicted_label) for row in rows],
        len(LABEL_SCHEMA),
    )
