"""Streams the complaints, shows the log filling up, and checks that it holds each exactly once."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from ops.local.demo.complaints import Complaint
from ops.local.demo.errors import DemoError, LostRecordsError
from ops.local.demo.live_table import Progress, live_table
from ops.local.demo.log_watcher import LogWatcher
from ops.local.demo.producer import Producer
from ops.local.demo.screen import Screen
from ops.local.demo.stats import StreamStats

POLL_SECONDS = 0.1
SETTLE_SECONDS = 60.0


@dataclass(frozen=True)
class StreamResult:
    """What went in and what came out; `sent` is by event id."""

    sent: Mapping[str, Complaint]
    stats: StreamStats
    rejected: int
    seconds: float

    @property
    def agreement(self) -> float | None:
        """The share of labelled complaints whose given label was predicted."""
        pairs = [
            (self.sent[event_id].label_name, label)
            for event_id, label in self.stats.predicted.items()
            if event_id in self.sent and self.sent[event_id].label_name is not None
        ]
        return sum(given == label for given, label in pairs) / len(pairs) if pairs else None


class Streaming:
    """One stream of complaints from the first record put to the last one logged."""

    def __init__(self, producer: Producer, watcher: LogWatcher, screen: Screen) -> None:
        self._producer = producer
        self._watcher = watcher
        self._screen = screen
        self._stats = StreamStats()
        self._rejected_before = watcher.rejected_count()
        self._rejected = 0

    def run(self, wanted: int) -> StreamResult:
        """Stream until every record is logged or rejected; raises DemoError."""
        started = time.monotonic()
        self._producer.start()
        try:
            with self._screen.live() as show:
                quiet_since = time.monotonic()
                while not self._is_complete():
                    if self._look():
                        quiet_since = time.monotonic()
                    show(live_table(self._stats, self._progress(wanted)))
                    if time.monotonic() - quiet_since > SETTLE_SECONDS:
                        break
                    time.sleep(POLL_SECONDS)
        finally:
            self._producer.stop()
        self._screen.show(live_table(self._stats, self._progress(wanted)))
        self._require_everything()
        seconds = time.monotonic() - started
        return StreamResult(self._producer.sent, self._stats, self._rejected, seconds)

    def _look(self) -> bool:
        before = self._stats.logged + self._rejected
        self._stats.add(self._watcher.new_rows(), time.time())
        self._rejected = self._watcher.rejected_count() - self._rejected_before
        return self._stats.logged + self._rejected > before

    def _is_complete(self) -> bool:
        if self._producer.error is not None:
            raise DemoError(f"the stream refused records: {self._producer.error}")
        accounted = self._stats.logged + self._rejected
        return not self._producer.is_running and accounted >= len(self._producer.sent)

    def _progress(self, wanted: int) -> Progress:
        return Progress(len(self._producer.sent), wanted, self._rejected, time.time())

    def _require_everything(self) -> None:
        missing = self._producer.sent.keys() - self._stats.event_ids
        foreign = self._stats.event_ids - self._producer.sent.keys()
        if len(missing) != self._rejected or foreign:
            raise LostRecordsError(
                f"{len(self._producer.sent)} complaints were streamed, {self._stats.logged} are in "
                f"the log, {self._rejected} were rejected and {len(foreign)} were never sent"
            )
