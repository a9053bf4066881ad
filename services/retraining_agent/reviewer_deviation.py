"""Which reviewers label unlike the others: drift moves every reviewer, poison only its own."""

from collections import Counter
from collections.abc import Iterable
from math import log, pi, sqrt

from services.retraining_agent.joint_deviation import joint_deviations
from services.retraining_agent.reviewed_rows import ReviewedRow

Cell = tuple[str, str]


def reviewer_deviations(rows: Iterable[ReviewedRow]) -> dict[str, float]:
    """Return, by reviewer, how far their labels are from the other reviewers', beyond chance.

    It is the larger of two: what a reviewer does alone, in any pairs of labels, and what those who
    lean to one label do together (`joint_deviations`), which is the one that sees few rows each.

    The first is the total variation between the shares of (predicted, given) label pairs, less
    what chance alone stays below 99 times in 100: its mean, half the sum over pairs of
    sqrt(2 / pi * p (1 - p) (1/n + 1/m)), and sqrt(ln(100) / 2 * (1/n + 1/m)) above it (McDiarmid
    1989). Both are 0 where there is nobody to compare with.
    """
    rows = tuple(rows)
    joint = joint_deviations(rows)
    cells: dict[str, Counter[Cell]] = {}
    for row in rows:
        cell = (row.predicted_label, row.true_label)
        cells.setdefault(row.review.reviewer, Counter())[cell] += 1
    together = sum(cells.values(), Counter[Cell]())
    return {
        name: max(joint[name], _excess(own, together - own)) for name, own in sorted(cells.items())
    }


def _excess(own: Counter[Cell], others: Counter[Cell]) -> float:
    n, m = own.total(), others.total()
    if not m:
        return 0.0
    distance, by_chance = 0.0, sqrt(log(100) / 2 * (1 / n + 1 / m))
    for cell in own | others:
        pooled = (own[cell] + others[cell]) / (n + m)
        distance += abs(own[cell] / n - others[cell] / m) / 2
        by_chance += sqrt(2 / pi * pooled * (1 - pooled) * (1 / n + 1 / m)) / 2
    return max(0.0, distance - by_chance)
