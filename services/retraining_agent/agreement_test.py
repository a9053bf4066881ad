from datetime import timedelta

import pytest

from libs.events.review import Review
from services.retraining_agent.agreement import agreement
from services.retraining_agent.testing.traffic import START


def said(event_id: str, reviewer: str, label: str, minutes: int = 0) -> Review:
    at = START + timedelta(minutes=minutes)
    return Review(event_id=event_id, true_label=label, reviewer=reviewer, reviewed_at=at)


def test_kappa_is_that_of_cohen() -> None:
    pairs = [("credit_card", "credit_card")] * 3 + [("credit_card", "retail_banking")]
    pairs += [("retail_banking", "retail_banking")] * 4
    reviews = [
        said(str(number), name, label)
        for number, labels in enumerate(pairs)
        for name, label in zip(("ana", "bob"), labels, strict=True)
    ]

    kappa, judged = agreement(reviews)

    # observed 7/8; by chance 4/8 * 3/8 + 4/8 * 5/8
    assert kappa == pytest.approx((7 / 8 - 1 / 2) / (1 / 2))
    assert judged == 8


def test_only_the_last_word_of_a_reviewer_counts() -> None:
    reviews = [
        said("1", "ana", "retail_banking", minutes=5),
        said("1", "ana", "credit_card", minutes=1),
        said("1", "bob", "retail_banking"),
        said("2", "ana", "credit_card"),
        said("2", "bob", "credit_card"),
    ]

    assert agreement(reviews) == (1.0, 2)


def test_without_a_second_opinion_there_is_no_kappa() -> None:
    assert agreement([said("1", "ana", "credit_card")]) == (None, 0)
