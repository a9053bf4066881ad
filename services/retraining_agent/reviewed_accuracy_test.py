import pytest

from libs.events.review import Review
from services.retraining_agent.reviewed_accuracy import reviewed_accuracy
from services.retraining_agent.reviewed_rows import ReviewedRow
from services.retraining_agent.testing.traffic import DIGEST, START


def reviewed(number: int, predicted: str, true: str, confidence: float) -> ReviewedRow:
    event_id = f"shard:{number}"
    review = Review(event_id=event_id, true_label=true, reviewer="ana", reviewed_at=START)
    return ReviewedRow(event_id, f"c{number}", "text", predicted, confidence, DIGEST, review)


def test_uncertain_rows_weigh_as_much_as_the_traffic_they_stand_for() -> None:
    wrong = [reviewed(n, "credit_card", "debt_collection", 0.5) for n in range(50)]
    right = [reviewed(n, "credit_card", "credit_card", 0.95) for n in range(50, 60)]
    logged = {("credit_card", 0): 50, ("credit_card", 2): 950}

    found = reviewed_accuracy([*wrong, *right], logged)

    assert found.accuracy is not None
    assert found.macro_f1 is not None
    assert found.accuracy.value == pytest.approx(10 / 60)
    # 950 of 1000 right: F1 of credit_card 2 * 950 / (1000 + 950), of debt_collection 0.
    assert found.macro_f1.value == pytest.approx(2 * 950 / 1950 / 2)


def test_traffic_that_nobody_reviewed_is_not_covered() -> None:
    rows = [reviewed(1, "credit_card", "credit_card", 0.5)]

    found = reviewed_accuracy(rows, {("credit_card", 0): 20, ("retail_banking", 2): 80})

    assert found.covered_share == pytest.approx(0.2)


def test_precision_and_recall_are_told_apart() -> None:
    rows = [
        reviewed(1, "credit_card", "credit_card", 0.9),
        reviewed(2, "credit_card", "debt_collection", 0.9),
        reviewed(3, "debt_collection", "debt_collection", 0.9),
    ]

    found = reviewed_accuracy(rows, {("credit_card", 2): 2, ("debt_collection", 2): 1})

    precision, recall = found.precision["credit_card"], found.recall["credit_card"]
    assert precision is not None
    assert recall is not None
    assert (precision.value, recall.value) == (0.5, 1.0)


def test_without_reviews_nothing_is_claimed() -> None:
    found = reviewed_accuracy([], {("credit_card", 2): 10})

    assert (found.accuracy, found.macro_f1, found.claimed_accuracy) == (None, None, None)
