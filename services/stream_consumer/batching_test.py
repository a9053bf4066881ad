from hypothesis import given, settings
from hypothesis import strategies as st

from libs.events.invocations import read_invocations_request
from services.stream_consumer.batching import Call, CallLimits, split_into_calls
from services.stream_consumer.record import Complaint
from services.stream_consumer.testing.records import complaint_event, stream_record


def complaints(count: int, narrative: str = "They charged me twice") -> list[Complaint]:
    return [Complaint(stream_record(n), complaint_event(n, narrative)) for n in range(count)]


@settings(deadline=None)
@given(count=st.integers(0, 60), items=st.integers(1, 20), body_bytes=st.integers(0, 2000))
def test_every_complaint_is_in_one_call_in_order(count: int, items: int, body_bytes: int) -> None:
    batch = complaints(count)

    calls = split_into_calls(batch, CallLimits(items, body_bytes))

    assert [one for call in calls for one in call.complaints] == batch
    assert all(len(call.complaints) <= items for call in calls)
    assert all(len(call.body) <= body_bytes or len(call.complaints) == 1 for call in calls)


def test_a_hundred_median_narratives_take_two_calls_of_even_size() -> None:
    calls = split_into_calls(complaints(100, "x" * 900), CallLimits(50, 2**22))

    assert [len(call.complaints) for call in calls] == [50, 50]


def test_large_narratives_share_calls_as_far_as_the_body_limit_lets_them() -> None:
    calls = split_into_calls(complaints(5, "x" * 100_000), CallLimits(50, 2**18))

    assert [len(call.complaints) for call in calls] == [2, 2, 1]


def test_the_body_names_items_by_their_place() -> None:
    (call,) = split_into_calls(complaints(3), CallLimits(50, 2**22))

    assert [item.id for item in read_invocations_request(call.body).instances] == ["0", "1", "2"]


def test_halves_keep_order_and_leave_nothing_out() -> None:
    batch = tuple(complaints(5))

    first, second = Call(batch, attempts=2).halves()

    assert first.complaints + second.complaints == batch
    assert (len(first.complaints), first.attempts) == (3, 0)
