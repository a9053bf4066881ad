from dataclasses import replace

from services.retraining_agent.policy import QueuePolicy
from services.retraining_agent.review_queue import ReviewCandidates, rank_queue
from services.retraining_agent.testing.traffic import logged_row

POLICY = QueuePolicy(limit=10, audit_share=0.0)
WORDS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india")


def text(number: int) -> str:
    return " ".join(f"{word}{number}" for word in WORDS)


def test_the_most_uncertain_comes_first() -> None:
    candidates = ReviewCandidates([])
    for number, confidence in enumerate([0.55, 0.35, 0.45]):
        candidates.add(logged_row(number, confidence=confidence, text=text(number)))

    queue = rank_queue(candidates, {}, POLICY)

    assert [item.confidence for item in queue] == [0.35, 0.45, 0.55]


def test_a_class_with_few_reviews_goes_before_one_with_many() -> None:
    candidates = ReviewCandidates([])
    candidates.add(logged_row(1, "credit_reporting", 0.40, text(1)))
    candidates.add(logged_row(2, "retail_banking", 0.45, text(2)))

    queue = rank_queue(candidates, {"credit_reporting": 500}, POLICY)

    assert [item.predicted_label for item in queue] == ["retail_banking", "credit_reporting"]


def test_a_near_duplicate_is_shown_once() -> None:
    candidates = ReviewCandidates([])
    for number in range(3):
        candidates.add(logged_row(number, confidence=0.4, text=f"{text(1)} {number}"))

    assert len(rank_queue(candidates, {}, POLICY)) == 1


def test_what_is_reviewed_or_confident_does_not_wait() -> None:
    candidates = ReviewCandidates([logged_row(1).event_id])
    candidates.add(logged_row(1, confidence=0.4))
    candidates.add(logged_row(2, confidence=0.9))

    assert rank_queue(candidates, {}, POLICY) == []
    assert candidates.waiting_rows == 0


def test_a_share_of_the_queue_audits_confident_decisions() -> None:
    candidates = ReviewCandidates([])
    for number in range(20):
        confidence = 0.4 if number % 2 else 0.95
        candidates.add(logged_row(number, confidence=confidence, text=text(number)))

    queue = rank_queue(candidates, {}, replace(POLICY, audit_share=0.2))

    assert [item.reason for item in queue].count("audit") == 2
    assert len(queue) == 10
