from datetime import date

import msgspec

from libs.events.review import Review
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.review_store import keep_review, read_reviews
from services.retraining_agent.testing.traffic import START

DAY = date(2026, 1, 1)
REVIEW = Review(
    event_id="shard:1", true_label="credit_card", reviewer="ana", reviewed_at=START, note="sure"
)


def test_two_reviewers_of_one_decision_on_one_day_are_both_kept() -> None:
    store = MemoryStore()
    other = msgspec.structs.replace(REVIEW, reviewer="bob", true_label="debt_collection")

    keep_review(store, REVIEW)
    keep_review(store, other)

    assert {review.reviewer for review in read_reviews(store, DAY).reviews} == {"ana", "bob"}


def test_keeping_a_review_again_adds_nothing() -> None:
    store = MemoryStore()
    other = msgspec.structs.replace(REVIEW, reviewer="bob")

    answers = [keep_review(store, review) for review in (REVIEW, other, REVIEW, other)]

    assert answers == [True, True, False, False]
    assert len(store.objects) == 2


def test_an_unreadable_review_is_counted_and_passed_over() -> None:
    store = MemoryStore()
    keep_review(store, REVIEW)
    store.write("reviews/dt=2026-01-11/x.json", b"{}")

    found = read_reviews(store, DAY)

    assert found.reviews == [REVIEW]
    assert found.unreadable_keys == ["reviews/dt=2026-01-11/x.json"]
