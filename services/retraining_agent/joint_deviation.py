"""Which reviewers together move rows to one label unlike the rest: colluders flood thinly."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retraining_agent.reviewed_rows import ReviewedRow

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

DRAWS = 999
"""With the 10th largest of them as bound, chance passes it at most 10 times in 1,000."""
ALLOWED = 10
CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Groups:
    """Groups by draw, label and number of members; the last axis of `order` ranks reviewers."""

    order: Counts
    surplus: Floats
    deviation: Floats
    comparable: Floats

    @property
    def z(self) -> Floats:
        return _ratio(self.surplus, self.deviation)


def joint_deviations(rows: Iterable[ReviewedRow]) -> dict[str, float]:
    """Return, by reviewer, how much oftener than the others their group moves rows to one label.

    For each label, reviewers are ranked by rows moved to it over rows expected, and each first few
    of that ranking are pooled against the rest, where the most conspicuous group is to be sought
    (Neill 2012, linear-time subset scanning). The statistic is that of Cochran (1954), Mantel and
    Haenszel (1959), with predicted labels as strata: it matters not who was shown which of them.

    Chance is what the largest statistic over all labels and groups stays below 99 times in 100
    when the given labels are dealt anew within each predicted label (permutation test with max-T,
    Westfall and Young 1993; exact for few rows, Phipson and Smyth 2010). So where all reviewers
    move alike, nobody at all is named in 99 looks of 100. The result is the difference of shares,
    Mantel-Haenszel weighted, less the bound times its standard error: a share of the rows that
    were not predicted as the label.
    """
    triples = sorted((row.predicted_label, row.review.reviewer, row.true_label) for row in rows)
    reviewers = sorted({reviewer for _, reviewer, _ in triples})
    names = sorted({name for predicted, _, given in triples for name in (predicted, given)})
    if len(reviewers) < 2:
        return dict.fromkeys(reviewers, 0.0)
    codes = np.array(
        [(names.index(p), reviewers.index(r), names.index(g)) for p, r, g in triples], np.int64
    )
    found = _groups(_count(codes, codes[:, 2][None], len(reviewers), len(names)))
    excess = _excess(found, _bound(codes, len(reviewers), len(names)))
    return {name: float(value) for name, value in zip(reviewers, excess, strict=True)}


def _bound(codes: Counts, reviewers: int, labels: int) -> float:
    """Return the statistic that chance passes once in 100 times."""
    random = np.random.default_rng(0)
    at_once = max(1, CELLS_AT_ONCE // max(len(codes), reviewers * labels * labels))
    largest = [
        _groups(_count(codes, dealt, reviewers, labels)).z.max(axis=(1, 2))
        for dealt in (
            _deal(codes, min(at_once, DRAWS - start), random) for start in range(0, DRAWS, at_once)
        )
    ]
    return float(np.sort(np.concatenate(largest))[-ALLOWED])


def _deal(codes: Counts, draws: int, random: np.random.Generator) -> Counts:
    """Return (draws, rows) given labels, shuffled within each predicted label."""
    dealt = np.tile(codes[:, 2], (draws, 1))
    ends = np.flatnonzero(np.diff(codes[:, 0])) + 1
    for part in np.split(dealt, ends, axis=1):
        random.permuted(part, axis=1, out=part)
    return dealt


def _count(codes: Counts, given: Counts, reviewers: int, labels: int) -> Counts:
    """Return rows by (draw, reviewer, predicted label, given label)."""
    cell = (codes[:, 1] * labels + codes[:, 0]) * labels + given
    size = reviewers * labels * labels
    cell = cell + np.arange(len(given))[:, None] * size
    counts = np.bincount(cell.ravel(), minlength=len(given) * size)
    return counts.reshape(len(given), reviewers, labels, labels)


def _groups(counts: Counts) -> Groups:
    """Rank reviewers for each label and pool the first, the first two, and so on."""
    labels = counts.shape[-1]
    moves = 1 - np.eye(labels, dtype=np.int64)
    shown = counts[0].sum(axis=2)
    all_shown = shown.sum(axis=0)
    share = _ratio(counts[0].sum(axis=0), all_shown[:, None]) * moves
    moved = np.einsum("drpl,pl->dlr", counts, moves)
    expected = (shown @ share).T
    order = np.argsort(-_ratio(moved, expected), axis=2, kind="stable")[:, :, :-1]
    surplus = np.cumsum(np.take_along_axis(moved - expected, order, axis=2), axis=2)
    group = np.cumsum(shown[order], axis=2)
    pairs = _ratio(group * (all_shown - group), all_shown)
    spread = share * (1 - share) * _ratio(all_shown, all_shown - 1)[:, None]
    deviation = np.sqrt(np.einsum("dlkp,pl->dlk", pairs, spread))
    return Groups(order, surplus, deviation, np.einsum("dlkp,pl->dlk", pairs, moves))


def _excess(found: Groups, bound: float) -> Floats:
    """Return, by reviewer, the largest excess of the most conspicuous group of each label."""
    excess = np.zeros(found.order.shape[2] + 1)
    over = _ratio(found.surplus - bound * found.deviation, found.comparable)[0]
    for label, size in enumerate(found.z[0].argmax(axis=1)):
        members = found.order[0, label, : size + 1]
        excess[members] = np.maximum(excess[members], over[label, size])
    return excess


def _ratio(part: NDArray[np.number], whole: NDArray[np.number]) -> Floats:
    """Divide, 0 where the divisor is not positive."""
    whole = np.broadcast_to(whole, np.broadcast_shapes(part.shape, whole.shape))
    ratio: Floats = np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 1e-12)
    return ratio
