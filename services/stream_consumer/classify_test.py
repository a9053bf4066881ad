import random
from collections import deque
from collections.abc import Iterable

from libs.events.invocations import InvocationsResponse
from services.stream_consumer.batching import CallLimits
from services.stream_consumer.classify import Answers, Classifier
from services.stream_consumer.clock import Backoff, Deadline
from services.stream_consumer.errors import RefusedError, TransientError
from services.stream_consumer.record import Complaint
from services.stream_consumer.testing.fakes import (
    MODEL,
    FakeClock,
    FakeEndpoint,
    InlineCalls,
    answer,
)
from services.stream_consumer.testing.records import complaint_event, stream_record

BUSY = TransientError("endpoint: 429")
BROKEN = TransientError("endpoint: 500", is_suspect=True)


def complaints(*narratives: str) -> list[Complaint]:
    return [
        Complaint(stream_record(n), complaint_event(n, narrative))
        for n, narrative in enumerate(narratives)
    ]


def classify(
    endpoint: FakeEndpoint, batch: list[Complaint], seconds: float = 60.0, items: int = 50
) -> Answers:
    clock = FakeClock()
    classifier = Classifier(
        endpoint,
        InlineCalls(clock),
        CallLimits(items, 2**22),
        clock,
        Backoff(random.Random(1)),
    )
    return classifier.classify(batch, "t", Deadline(lambda: seconds - clock.elapsed))


def names(answers: Answers) -> list[str]:
    return sorted(item.complaint.event.complaint_id for item in answers.classified)


def scripted(*steps: Exception | bytes) -> FakeEndpoint:
    return FakeEndpoint(script=deque(steps))


def body_of(places: Iterable[int], label: str = "credit_card") -> bytes:
    predictions = [answer("fine", str(place)) for place in places]
    content = InvocationsResponse(predictions, MODEL).to_json()
    return content.replace(b'"label":"credit_card"', f'"label":"{label}"'.encode())


def test_a_batch_takes_one_call() -> None:
    endpoint = FakeEndpoint()

    answers = classify(endpoint, complaints("a", "b", "c"))

    assert names(answers) == ["c-0", "c-1", "c-2"]
    assert endpoint.sizes == [3]


def test_an_item_that_the_endpoint_refuses_is_told_apart_with_its_reason() -> None:
    answers = classify(FakeEndpoint(), complaints("a", "poison", "c"))

    assert names(answers) == ["c-0", "c-2"]
    assert [item.reason for item in answers.refused] == [
        "endpoint: invalid_narrative: nothing to read"
    ]


def test_a_record_that_spoils_the_whole_call_is_singled_out() -> None:
    batch = complaints(*["fine"] * 20, "indigestible", *["fine"] * 20)

    answers = classify(FakeEndpoint(), batch)

    assert len(answers.classified) == 40
    assert [item.record.sequence_number for item in answers.refused] == ["20"]


def test_throttling_is_waited_out_with_the_same_call() -> None:
    endpoint = scripted(BUSY, BUSY)

    answers = classify(endpoint, complaints("a", "b"))

    assert names(answers) == ["c-0", "c-1"]
    assert endpoint.sizes == [2, 2, 2]


def test_a_record_that_breaks_the_endpoint_costs_no_other_its_answer() -> None:
    batch = complaints(*["fine"] * 20, "deadly", *["fine"] * 20)

    answers = classify(FakeEndpoint(), batch)

    assert len(answers.classified) == 40
    assert answers.refused == []


def test_an_endpoint_that_is_down_is_left_alone_after_some_attempts() -> None:
    endpoint = scripted(*[BUSY] * 100)

    answers = classify(endpoint, complaints("a", "b"), seconds=900)

    assert answers.classified == []
    assert len(endpoint.sizes) == 6


def test_a_broken_endpoint_is_not_flooded_with_halves() -> None:
    endpoint = scripted(*[BROKEN] * 10_000)

    classify(endpoint, complaints(*["fine"] * 200), seconds=900)

    assert len(endpoint.sizes) < 200


def test_nothing_is_begun_once_the_time_is_over() -> None:
    endpoint = FakeEndpoint()

    answers = classify(endpoint, complaints("a"), seconds=0)

    assert (answers.classified, endpoint.sizes) == ([], [])
    assert "RESERVE_SECONDS" in answers.faults[0]


def test_items_left_out_of_an_answer_are_asked_again() -> None:
    endpoint = scripted(body_of([0, 2]))

    answers = classify(endpoint, complaints("a", "b", "c"))

    assert names(answers) == ["c-0", "c-1", "c-2"]
    assert endpoint.sizes == [3, 1]


def test_items_named_twice_or_unknown_count_once_or_not_at_all() -> None:
    answers = classify(scripted(body_of([0, 0, 7, 1])), complaints("a", "b"))

    assert names(answers) == ["c-0", "c-1"]


def test_an_answer_that_breaks_its_contract_is_a_fault_to_repeat() -> None:
    endpoint = scripted(b"<html>", body_of([0, 1], label="payday"))

    answers = classify(endpoint, complaints("a", "b"))

    assert names(answers) == ["c-0", "c-1"]
    assert len(answers.faults) == 2


def test_a_refused_single_record_keeps_the_endpoints_reason() -> None:
    answers = classify(scripted(RefusedError("422 invalid_field")), complaints("a"))

    assert [item.reason for item in answers.refused] == ["endpoint: 422 invalid_field"]
