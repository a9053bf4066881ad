"""Runs blocking calls at once, and lets none of them outlast the time there is."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Protocol, TypeVar

from services.stream_consumer.errors import ConsumerError, TransientError

Result = TypeVar("Result")
_TOO_LATE = TransientError("no answer within the time of the invocation")


class Calls(Protocol):
    """Runs calls and returns, in their order, what each returned or the ConsumerError it raised."""

    def run(
        self, calls: Sequence[Callable[[], Result]], timeout_seconds: float
    ) -> list[Result | ConsumerError]: ...


class ThreadedCalls:
    """At most `width` calls at once. A call that is not over in time is left behind: its thread
    ends by its own socket time-out, and whatever it still does counts as not answered."""

    def __init__(self, width: int) -> None:
        self._width = width

    def run(
        self, calls: Sequence[Callable[[], Result]], timeout_seconds: float
    ) -> list[Result | ConsumerError]:
        """Run the calls; those that the time does not suffice for give a TransientError."""
        executor = ThreadPoolExecutor(self._width, thread_name_prefix="call")
        try:
            futures = [executor.submit(_caught, call) for call in calls]
            wait(futures, timeout=max(timeout_seconds, 0.0))
            return [future.result() if future.done() else _TOO_LATE for future in futures]
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def _caught(call: Callable[[], Result]) -> Result | ConsumerError:
    try:
        return call()
    except ConsumerError as error:
        return error
