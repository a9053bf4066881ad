"""Lanes that compute narratives, one thread a core, behind a bounded queue with deadlines.

Knows no HTTP and no model: `compute` gets items, and whether they have the machine alone.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.serving.errors import InferenceError, OverloadedError, RequestTooLargeError
from services.serving.fair_queue import FairQueue, Ticket

Item = TypeVar("Item")
Result = TypeVar("Result")

_SMOOTHING = 0.05
_USABLE_SHARE = 0.9
_WAITING_SHARE = 0.5
"""Of the time there is. Estimates err, and a refusal at once is better than one at the deadline."""


OnDone = Callable[[Sequence[Result] | Exception], None]


@dataclass(frozen=True)
class Limits:
    """What the scheduler takes on."""

    lanes: int
    queue_items: int
    items_per_run: int = 1
    seconds_per_item: float = 0.01
    """First guess of one item's time on a lane; measured from then on."""


class Job(Ticket, Generic[Item, Result]):
    """A request under way: its items, the results so far, and who is told at the end.

    It is its own ticket: two objects that knew each other would be left to the garbage collector.
    """

    def __init__(
        self, items: Sequence[Item], deadline: float, now: float, on_done: OnDone[Result]
    ) -> None:
        super().__init__(len(items), deadline, now)
        self.items = items
        self.results: list[Result | None] = [None] * len(items)
        self.missing = len(items)
        self.on_done = on_done


class Scheduler(Generic[Item, Result]):
    """Spreads items over lanes; `on_done` is called once, from a lane's thread."""

    def __init__(
        self,
        compute: Callable[[Sequence[Item], bool], Sequence[Result]],
        limits: Limits,
        on_wait: Callable[[float], None] = lambda seconds: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._compute = compute
        self._limits = limits
        self._on_wait = on_wait
        self._clock = clock
        self._queue: FairQueue[Job[Item, Result]] = FairQueue()
        self._changed = threading.Condition()
        self._running = 0
        self._closed = False
        self.seconds_per_item = limits.seconds_per_item
        self._threads = [
            threading.Thread(target=self._lane, name=f"lane-{number}", daemon=True)
            for number in range(limits.lanes)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self, items: Sequence[Item], patience_seconds: float, on_done: OnDone[Result]
    ) -> Job[Item, Result]:
        """Queue `items`; raises OverloadedError or RequestTooLargeError if they would be late."""
        now = self._clock()
        with self._changed:
            self._admit(len(items), patience_seconds)
            job = Job(items, now + patience_seconds, now, on_done)
            self._queue.add(job)
            self._changed.notify(len(items))
        return job

    def abandon(self, job: Job[Item, Result]) -> None:
        """Compute nothing more of `job`: nobody waits for it, and `on_done` stays uncalled."""
        with self._changed:
            self._queue.cancel(job)

    @property
    def pending(self) -> int:
        """Items that wait for a lane."""
        return self._queue.pending

    @property
    def running(self) -> int:
        """Lanes at work."""
        return self._running

    def close(self) -> None:
        """Stop the lanes after what they compute now."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _admit(self, size: int, patience_seconds: float) -> None:
        seconds_per_turn = self.seconds_per_item / self._limits.lanes
        if size == 1 and not self._queue.pending and self._running < self._limits.lanes:
            return
        usable_seconds = _USABLE_SHARE * patience_seconds
        if size > 1 and size * seconds_per_turn > usable_seconds:
            raise RequestTooLargeError(
                "batch_too_slow",
                f"{size} items take longer than the {patience_seconds:g} s there are: "
                f"send at most {max(1, int(usable_seconds / seconds_per_turn / 2))} at a time",
            )
        others = self._queue.items_before_completion(size) - size + self._running
        late = max(
            others * seconds_per_turn - _WAITING_SHARE * patience_seconds,
            (others + size) * seconds_per_turn - usable_seconds,
        )
        if late > 0:
            raise OverloadedError("deadline", "the queue is too long to answer in time", late)
        room = self._limits.queue_items - self._queue.pending
        if size > room:
            late = (size - room) * seconds_per_turn
            raise OverloadedError("queue_full", "the queue is full", math.ceil(late))

    def _lane(self) -> None:
        while True:
            with self._changed:
                taken = self._take()
                while not taken:
                    if self._closed:
                        return
                    self._changed.wait()
                    taken = self._take()
                self._running += 1
                is_alone = self._running == 1 and not self._queue.pending
            self._run(taken, is_alone)

    def _take(self) -> list[tuple[Job[Item, Result], int]]:
        taken: list[tuple[Job[Item, Result], int]] = []
        while len(taken) < self._limits.items_per_run and (turn := self._queue.take()):
            job, index = turn
            if self._is_too_late(job):
                self._expire(job)
            else:
                taken.append((job, index))
        return taken

    def _is_too_late(self, job: Job[Item, Result]) -> bool:
        patience = job.deadline - job.submitted_at
        return self._clock() > job.deadline - min(self.seconds_per_item, patience / 2)

    def _expire(self, job: Job[Item, Result]) -> None:
        self._queue.cancel(job)
        job.on_done(OverloadedError("deadline", "no answer was ready in time", 1.0))

    def _run(self, taken: list[tuple[Job[Item, Result], int]], is_alone: bool) -> None:
        began_at = self._clock()
        for job, _ in taken:
            self._on_wait(began_at - job.submitted_at)
        results: Sequence[Result] | None = None
        try:
            results = self._compute([job.items[index] for job, index in taken], is_alone)
        except Exception as error:  # whatever it was, its clients must hear of it
            failure = InferenceError(type(error).__name__)
            failure.__cause__ = error
        seconds = (self._clock() - began_at) / len(taken)
        with self._changed:
            self._running -= 1
            self._learn(seconds, is_alone)
            finished = self._store(taken, results)
        for job in finished:
            job.on_done(failure if results is None else job.results)  # type: ignore[arg-type]

    def _learn(self, seconds: float, is_alone: bool) -> None:
        """An item alone may have used every lane's core: it only bounds the time on one."""
        if is_alone:
            seconds = min(self.seconds_per_item, seconds * self._limits.lanes)
        self.seconds_per_item += _SMOOTHING * (seconds - self.seconds_per_item)

    def _store(
        self, taken: list[tuple[Job[Item, Result], int]], results: Sequence[Result] | None
    ) -> list[Job[Item, Result]]:
        finished = []
        for position, (job, index) in enumerate(taken):
            if job.is_cancelled:
                continue
            if results is None:
                self._queue.cancel(job)
                finished.append(job)
                continue
            job.results[index] = results[position]
            job.missing -= 1
            if not job.missing:
                finished.append(job)
        return finished
