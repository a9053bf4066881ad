import gc
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Queue

import pytest

from services.serving.errors import InferenceError, OverloadedError, RequestTooLargeError
from services.serving.scheduler import Limits, Scheduler

Compute = Callable[[Sequence[int], bool], Sequence[int]]
Results = Queue[Sequence[int] | Exception]


class Gate:
    """Holds each run until it is let through; remembers the order and who was alone."""

    def __init__(self) -> None:
        self.runs: list[tuple[list[int], bool]] = []
        self.entered = threading.Semaphore(0)
        self._let_through = threading.Semaphore(0)

    def __call__(self, items: Sequence[int], is_alone: bool) -> Sequence[int]:
        self.runs.append((list(items), is_alone))
        self.entered.release()
        assert self._let_through.acquire(timeout=30)
        return [item * 10 for item in items]

    def wait_until_entered(self) -> None:
        assert self.entered.acquire(timeout=30)

    def let_through(self, runs: int) -> None:
        self._let_through.release(runs)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def limits(lanes: int = 1, queue_items: int = 100, items_per_run: int = 1) -> Limits:
    return Limits(lanes, queue_items, items_per_run, seconds_per_item=1.0)


@contextmanager
def running(
    compute: Compute, spec: Limits, clock: Callable[[], float] | None = None
) -> Iterator[Scheduler[int, int]]:
    scheduler = Scheduler(compute, spec, clock=clock or Clock())
    try:
        yield scheduler
    finally:
        scheduler.close()


def times_ten(items: Sequence[int], is_alone: bool) -> Sequence[int]:
    return [item * 10 for item in items]


def test_results_come_in_the_order_of_the_items() -> None:
    results = Results()

    with running(times_ten, limits(lanes=3)) as scheduler:
        scheduler.submit(range(20), 100, results.put)
        answer = results.get(timeout=30)

    assert answer == [item * 10 for item in range(20)]


def test_a_single_request_overtakes_the_rest_of_a_batch() -> None:
    gate, results = Gate(), Results()
    with running(gate, limits()) as scheduler:
        scheduler.submit([1, 2, 3], 100, results.put)
        gate.wait_until_entered()

        scheduler.submit([9], 100, results.put)
        gate.let_through(4)
        results.get(timeout=30)
        results.get(timeout=30)

    assert [items for items, _ in gate.runs] == [[1], [2], [9], [3]]


def test_only_what_has_the_machine_to_itself_is_told_so() -> None:
    gate, results = Gate(), Results()
    with running(gate, limits(lanes=2)) as scheduler:
        scheduler.submit([1], 100, results.put)
        gate.wait_until_entered()

        scheduler.submit([2], 100, results.put)
        gate.wait_until_entered()
        gate.let_through(2)

    assert gate.runs == [([1], True), ([2], False)]


def test_a_queue_that_cannot_be_in_time_refuses_and_says_when_to_retry() -> None:
    gate = Gate()
    with running(gate, limits()) as scheduler:
        scheduler.submit([1], 4.0, print)
        gate.wait_until_entered()
        scheduler.submit([2], 4.0, print)

        with pytest.raises(OverloadedError) as refused:
            scheduler.submit([3, 4], 4.0, print)
        gate.let_through(2)

    assert refused.value.reason == "deadline"
    assert refused.value.retry_after_seconds == pytest.approx(0.4)


def test_a_full_queue_refuses() -> None:
    gate = Gate()
    with running(gate, limits(queue_items=1)) as scheduler:
        scheduler.submit([1], 100, print)
        gate.wait_until_entered()
        scheduler.submit([2], 100, print)

        with pytest.raises(OverloadedError) as refused:
            scheduler.submit([3], 100, print)
        gate.let_through(2)

    assert refused.value.reason == "queue_full"


def test_a_batch_that_could_never_be_in_time_is_too_large() -> None:
    with (
        running(times_ten, limits(lanes=2)) as scheduler,
        pytest.raises(RequestTooLargeError, match="send at most 18 at a time"),
    ):
        scheduler.submit(range(100), 20, print)


def test_an_idle_machine_takes_a_request_however_slow_it_seemed() -> None:
    results = Results()
    with running(times_ten, limits()) as scheduler:
        scheduler.seconds_per_item = 1000.0

        scheduler.submit([1], 5, results.put)

        assert results.get(timeout=30) == [10]


def test_what_cannot_be_done_by_its_deadline_is_not_begun() -> None:
    clock, gate, results = Clock(), Gate(), Results()
    with running(gate, limits(), clock) as scheduler:
        scheduler.submit([1], 100, print)
        gate.wait_until_entered()
        scheduler.submit([2], 5, results.put)

        clock.now = 4.5
        gate.let_through(2)
        answer = results.get(timeout=30)

    assert isinstance(answer, OverloadedError)
    assert [items for items, _ in gate.runs] == [[1]]


def test_what_is_abandoned_is_not_computed() -> None:
    gate, results = Gate(), Results()
    with running(gate, limits()) as scheduler:
        scheduler.submit([1], 100, print)
        gate.wait_until_entered()
        abandoned = scheduler.submit([2, 3], 100, print)
        scheduler.submit([4], 100, results.put)

        scheduler.abandon(abandoned)
        gate.let_through(4)
        results.get(timeout=30)

    assert [items for items, _ in gate.runs] == [[1], [4]]


def test_a_failing_run_is_told_once_and_the_lane_lives_on() -> None:
    results = Results()

    def fail_on_odd(items: Sequence[int], is_alone: bool) -> Sequence[int]:
        if items[0] % 2:
            raise ValueError(items[0])
        return items

    with running(fail_on_odd, limits()) as scheduler:
        scheduler.submit([1, 3], 100, results.put)
        failure = results.get(timeout=30)
        scheduler.submit([2], 100, results.put)
        answer = results.get(timeout=30)

    assert isinstance(failure, InferenceError)
    assert answer == [2]


def test_several_items_go_into_one_run_where_that_is_asked_for() -> None:
    gate, results = Gate(), Results()
    with running(gate, limits(items_per_run=8)) as scheduler:
        scheduler.submit([0], 100, results.put)
        gate.wait_until_entered()
        scheduler.submit([1, 2, 3], 100, results.put)
        scheduler.submit([4], 100, results.put)

        gate.let_through(2)
        for _ in range(3):
            results.get(timeout=30)

    assert [sorted(items) for items, _ in gate.runs] == [[0], [1, 2, 3, 4]]


def test_the_time_of_an_item_is_learnt_from_runs_that_shared_the_machine() -> None:
    clock, gate, results = Clock(), Gate(), Results()
    with running(gate, limits(), clock) as scheduler:
        scheduler.submit([1, 2], 1000, results.put)
        gate.wait_until_entered()

        clock.now = 3.0
        gate.let_through(2)
        results.get(timeout=30)
        learnt = scheduler.seconds_per_item

    assert 1.0 < learnt < 3.0


def test_a_finished_job_is_gone_without_the_garbage_collector() -> None:
    results: Results = Queue()
    gc.disable()
    try:
        with running(times_ten, limits()) as scheduler:
            job = weakref.ref(scheduler.submit([1], 10.0, results.put))
            results.get(timeout=30)
    finally:
        gc.enable()

    assert job() is None
