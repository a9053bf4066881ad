import threading

from services.stream_consumer.calls import ThreadedCalls
from services.stream_consumer.errors import RefusedError, TransientError


def test_results_and_errors_come_in_the_order_of_the_calls() -> None:
    error = RefusedError("422")

    def refuse() -> int:
        raise error

    assert ThreadedCalls(2).run([lambda: 1, refuse, lambda: 3], 10) == [1, error, 3]


def test_calls_run_at_once() -> None:
    barrier = threading.Barrier(2, timeout=10)

    results = ThreadedCalls(2).run([barrier.wait, barrier.wait], 10)

    assert sorted(map(str, results)) == ["0", "1"]


def test_a_call_that_hangs_is_left_behind_and_the_queued_one_never_begins() -> None:
    release, begun = threading.Event(), threading.Event()

    results = ThreadedCalls(1).run([release.wait, begun.wait], 0.01)
    release.set()

    assert all(isinstance(result, TransientError) for result in results)


def test_without_time_even_a_quick_call_does_not_count() -> None:
    hung = threading.Event()

    (result,) = ThreadedCalls(1).run([hung.wait], -1)
    hung.set()

    assert isinstance(result, TransientError)
