import numpy as np
import pytest

from libs.events.review import Review
from services.retraining_agent.reviewed_rows import ReviewedRow
from services.retraining_agent.reviewer_deviation import reviewer_deviations
from services.retraining_agent.testing.traffic import DIGEST, START


def judged(number: int, reviewer: str, predicted: str, given: str) -> ReviewedRow:
    event_id = f"shard:{number}"
    review = Review(event_id=event_id, true_label=given, reviewer=reviewer, reviewed_at=START)
    return ReviewedRow(event_id, f"c{number}", "text", predicted, 0.5, DIGEST, review)


def drifted_rows(reviewers: list[str], rows: int) -> list[ReviewedRow]:
    """Return rows of which all reviewers alike move half to another label."""
    rng = np.random.default_rng(4)
    return [
        judged(
            number,
            reviewers[number % len(reviewers)],
            "debt_collection",
            "mortgages_and_loans" if rng.random() < 0.5 else "debt_collection",
        )
        for number in range(rows)
    ]


def test_a_shift_that_all_reviewers_see_is_nobodys_deviation() -> None:
    found = reviewer_deviations(drifted_rows(["ana", "bob", "cleo"], 300))

    assert max(found.values()) == 0


def test_a_few_reviews_accuse_nobody() -> None:
    found = reviewer_deviations(drifted_rows(["ana", "bob", "cleo"], 12))

    assert max(found.values()) == 0


def test_a_reviewer_who_floods_one_label_stands_out() -> None:
    honest = drifted_rows(["ana", "bob"], 200)
    flood = [judged(n, "mallory", "debt_collection", "credit_card") for n in range(500, 600)]

    found = reviewer_deviations([*honest, *flood])

    assert max(found, key=lambda name: found[name]) == "mallory"
    assert found["mallory"] > 0.7


def test_a_reviewer_alone_has_nobody_to_deviate_from() -> None:
    assert reviewer_deviations(drifted_rows(["ana"], 10)) == {"ana": pytest.approx(0)}
