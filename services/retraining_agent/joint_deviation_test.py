from collections.abc import Iterator

import numpy as np
import pytest

from libs.events.review import Review
from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.joint_deviation import joint_deviations
from services.retraining_agent.reviewed_rows import ReviewedRow
from services.retraining_agent.testing.traffic import DIGEST, START

FLOODED = "debt_collection"


def reviewed(reviewer: str, rows: int, moved: float, seed: int) -> Iterator[ReviewedRow]:
    """Yield rows of all predicted labels, of which the reviewer moves a share to one label."""
    rng = np.random.default_rng((seed, *reviewer.encode()))
    for number in range(rows):
        predicted = LABEL_SCHEMA.names[rng.integers(len(LABEL_SCHEMA))]
        given = FLOODED if rng.random() < moved else predicted
        event_id = f"{reviewer}:{number}"
        review = Review(event_id=event_id, true_label=given, reviewer=reviewer, reviewed_at=START)
        yield ReviewedRow(event_id, event_id, "text", predicted, 0.5, DIGEST, review)


def test_under_drift_honest_reviewers_of_few_rows_are_seldom_named() -> None:
    honest = ("ana", "bob", "cleo", "dora")

    looks = [
        joint_deviations(row for name in honest for row in reviewed(name, 17, 0.45, seed))
        for seed in range(100)
    ]

    # Of 100 looks at 1 in 100 each, more than 4 name somebody once in 290 times.
    assert sum(max(look.values()) > 0 for look in looks) <= 4


@pytest.mark.parametrize("seed", range(5))
def test_colluders_of_few_rows_each_are_named_together(seed: int) -> None:
    honest = [row for name in ("ana", "bob") for row in reviewed(name, 10, 0.05, seed)]
    flood = [row for name in ("eve", "mallory", "oscar") for row in reviewed(name, 8, 1, seed)]

    found = joint_deviations([*honest, *flood])

    assert {name for name, deviation in found.items() if deviation > 0.15} == {
        "eve",
        "mallory",
        "oscar",
    }


def test_reviewers_who_were_shown_different_decisions_may_answer_differently() -> None:
    ana = [row for row in reviewed("ana", 200, 0, 1) if row.predicted_label == FLOODED]
    bob = [row for row in reviewed("bob", 200, 0, 1) if row.predicted_label != FLOODED]

    assert joint_deviations([*ana, *bob]) == {"ana": 0, "bob": 0}


def test_the_order_of_rows_changes_nothing() -> None:
    rows = [*reviewed("ana", 30, 0.1, 1), *reviewed("eve", 30, 0.9, 1)]

    assert joint_deviations(rows) == joint_deviations(reversed(rows))


@pytest.mark.parametrize("reviewers", [[], ["ana"]])
def test_without_others_nobody_deviates(reviewers: list[str]) -> None:
    rows = [row for name in reviewers for row in reviewed(name, 10, 0.5, 1)]

    assert joint_deviations(rows) == dict.fromkeys(reviewers, 0.0)
