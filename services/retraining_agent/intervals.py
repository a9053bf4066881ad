"""Shares and scores with their uncertainty."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, from `rows` rows."""

    value: float
    low: float
    high: float
    rows: int


def share(successes: int, rows: int) -> Estimate | None:
    """Return the share with its Wilson score interval (Wilson 1927), None without rows."""
    if rows == 0:
        return None
    p, z2 = successes / rows, _Z95**2
    centre = (p + z2 / (2 * rows)) / (1 + z2 / rows)
    half = _Z95 * sqrt(p * (1 - p) / rows + z2 / (4 * rows**2)) / (1 + z2 / rows)
    return Estimate(p, max(0.0, centre - half), min(1.0, centre + half), rows)


def confusion_matrix(
    true_ids: Sequence[int], predicted_ids: Sequence[int], num_labels: int
) -> npt.NDArray[np.float64]:
    """Return counts of shape (num_labels, num_labels), true by predicted."""
    matrix = np.zeros((num_labels, num_labels))
    np.add.at(matrix, (np.asarray(true_ids, int), np.asarray(predicted_ids, int)), 1)
    return matrix


def f1_scores(confusion: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return F1 per class of confusion matrices (..., true, predicted), NaN for a class that is
    neither true nor predicted anywhere."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    total = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    with np.errstate(invalid="ignore"):
        result: npt.NDArray[np.float64] = 2 * hits / total
    return result


def macro_f1(confusion: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the mean F1 over the classes that occur, 0 where none does."""
    scores = f1_scores(confusion)
    occurs = ~np.isnan(scores)
    total = np.where(occurs, scores, 0.0).sum(axis=-1)
    result: npt.NDArray[np.float64] = total / np.maximum(occurs.sum(axis=-1), 1)
    return result


def resampled_counts(
    counts: npt.NDArray[np.float64], resamples: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return bootstrap resamples of cell counts, shape (resamples, *counts.shape).

    Drawing rows with replacement and counting cells is one multinomial draw over the cells.
    """
    rows = int(counts.sum())
    drawn = rng.multinomial(rows, counts.reshape(-1) / counts.sum(), size=resamples)
    return drawn.reshape(resamples, *counts.shape).astype(np.float64)
