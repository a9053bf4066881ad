"""What a mapping tells about itself: counts, and how far behind each lane is. Thread-safe."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ops.local.cloud.batch_outcome import Outcome
from ops.local.cloud.checkpoints import replace_file

_WRITE_EVERY_SECONDS = 0.25


@dataclass
class LaneStatus:
    """One lane: a shard, or a share of its partition keys."""

    millis_behind_latest: int | None = None
    iterator_age_seconds: float = 0.0
    records_waiting: int = 0
    settled_through: str | None = None
    is_finished: bool = False


@dataclass
class Totals:
    """Counts since the process started; `records_settled` includes the discarded ones."""

    records_read: int = 0
    records_settled: int = 0
    records_discarded: int = 0
    invocations: int = 0
    function_errors: int = 0
    partial_failures: int = 0
    retries: int = 0
    splits: int = 0
    cold_starts: int = 0
    invocation_seconds: float = 0.0


@dataclass
class MappingStatus:
    """The status of a mapping, optionally kept in a JSON file too."""

    path: Path | None = None
    totals: Totals = field(default_factory=Totals)
    lanes: dict[str, LaneStatus] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _written_at: float = field(default=0.0, repr=False)

    def lane(self, name: str) -> LaneStatus:
        """Return the lane's status, a new one at first."""
        with self._lock:
            return self.lanes.setdefault(name, LaneStatus())

    def count(self, **amounts: float) -> None:
        """Add to the totals by name."""
        with self._lock:
            for name, amount in amounts.items():
                setattr(self.totals, name, getattr(self.totals, name) + amount)

    def count_outcome(self, outcome: Outcome, records_before: int) -> None:
        """Add what an outcome settled, gave up, split and will retry."""
        left = sum(len(batch.records) for batch in outcome.remaining)
        self.count(
            records_settled=records_before - left,
            records_discarded=len(outcome.discard.batch.records) if outcome.discard else 0,
            splits=int(outcome.is_split),
            retries=int(outcome.delay_seconds > 0),
            partial_failures=int(0 < left < records_before and outcome.discard is None),
        )

    @property
    def is_caught_up(self) -> bool:
        """True when every lane has read to the end of its shard and settled what it read."""
        with self._lock:
            return bool(self.lanes) and all(
                lane.is_finished or (lane.millis_behind_latest == 0 and lane.records_waiting == 0)
                for lane in self.lanes.values()
            )

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        with self._lock:
            return {
                "updated_at": time.time(),
                "is_caught_up": self.is_caught_up,
                "iterator_age_seconds": max(
                    (lane.iterator_age_seconds for lane in self.lanes.values()), default=0.0
                ),
                "totals": asdict(self.totals),
                "lanes": {name: asdict(lane) for name, lane in sorted(self.lanes.items())},
            }

    def write(self, is_last: bool = False) -> None:
        """Replace the status file, if there is one and it is not fresh."""
        with self._lock:
            now = time.monotonic()
            if self.path is not None and (
                is_last or now - self._written_at >= _WRITE_EVERY_SECONDS
            ):
                self._written_at = now
                replace_file(self.path, json.dumps(self.as_dict()))
