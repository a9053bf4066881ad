"""Time as the consumer needs it: the date, waiting, and what the invocation still has."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The date, a stopwatch, and a pause."""

    def now(self) -> datetime: ...
    def seconds(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the date and time in UTC."""
        return datetime.now(UTC)

    def seconds(self) -> float:
        """Return a stopwatch reading."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Pause."""
        time.sleep(seconds)


@dataclass(frozen=True)
class Deadline:
    """The end of an invocation, less what is kept of its time for later steps."""

    remaining_seconds: Callable[[], float]
    reserve_seconds: float = 0.0

    def left(self) -> float:
        """Return the seconds that may still be spent; negative when the time is over."""
        return self.remaining_seconds() - self.reserve_seconds


@dataclass(frozen=True)
class Backoff:
    """Exponential back-off, half of it jitter:
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/"""

    random: random.Random
    base_seconds: float = 0.2
    cap_seconds: float = 5.0

    def seconds(self, attempt: int) -> float:
        """Return the pause after failed attempt number `attempt`, counted from 0."""
        ceiling: float = min(self.cap_seconds, self.base_seconds * 2**attempt)
        return self.random.uniform(ceiling / 2, ceiling)
