"""Time as a poller needs it: what time it is, and waiting that a stop request cuts short."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """The time, and the wish to stop."""

    def now(self) -> float:
        """Return Unix seconds."""

    def wait(self, seconds: float) -> None:
        """Wait, or return early when asked to stop."""

    def is_stopped(self) -> bool:
        """Return whether to stop."""


class StoppableClock:
    """The machine's clock and a stop event."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def now(self) -> float:
        """Return Unix seconds."""
        return time.time()

    def wait(self, seconds: float) -> None:
        """Wait, or return early when asked to stop."""
        self._stop.wait(seconds)

    def is_stopped(self) -> bool:
        """Return whether to stop."""
        return self._stop.is_set()


class FakeClock:
    """A clock that jumps instead of waiting, and stops after a given number of idle waits."""

    def __init__(self, now: float = 1_700_000_000.0, stop_after_seconds: float = 60.0) -> None:
        self._now = now
        self._stop_at = now + stop_after_seconds
        self.waits: list[float] = []

    def now(self) -> float:
        """Return the pretended Unix seconds."""
        return self._now

    def wait(self, seconds: float) -> None:
        """Jump ahead."""
        self.waits.append(seconds)
        self._now += seconds

    def is_stopped(self) -> bool:
        """Return whether the pretended time is over."""
        return self._now >= self._stop_at
