"""Brings rows and rejections on record at least once, whatever breaks. Knows no S3.

An object is named by its first row and never overwritten. A repeated invocation therefore meets
its own object, reads which rows it holds, and writes only those that are missing, under the name
of the first of them. Rows that are on record twice are dropped by the reader.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

from libs.events.errors import InvalidEventError
from libs.events.prediction_log import (
    PredictionRow,
    prediction_log_key,
    read_prediction_log,
    write_prediction_log,
)
from libs.events.rejected import RejectedRecord, rejected_record_key
from services.stream_consumer.calls import Calls
from services.stream_consumer.clock import Backoff, Clock, Deadline
from services.stream_consumer.errors import ConsumerError, TakenKeyError, TransientError
from services.stream_consumer.record import StreamRecord

Result = TypeVar("Result")
MAX_ATTEMPTS = 6


class Store(Protocol):
    """The bucket; both methods raise TransientError for what may pass."""

    def put_new(self, key: str, content: bytes) -> bool:
        """Write an object unless there is one of that name; True when it was written."""

    def get(self, key: str) -> bytes | None:
        """Return the object's content, or None when there is none."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A row, and the stream record it is about."""

    record: StreamRecord
    row: PredictionRow

    @property
    def key(self) -> str:
        """The name of an object that begins with this row."""
        record = self.record
        return prediction_log_key(
            record.stream, record.shard_id, record.position, record.arrived_at
        )


@dataclass(frozen=True, slots=True)
class RejectedEntry:
    """A rejection ready to be kept, and the stream record it is about."""

    record: StreamRecord
    rejected: RejectedRecord

    @property
    def key(self) -> str:
        """The object's name."""
        record = self.record
        return rejected_record_key(
            record.stream, record.shard_id, record.position, record.arrived_at
        )


@dataclass
class Recorded:
    """The event ids that are on record, which already were, and what kept the others from it."""

    event_ids: set[str] = field(default_factory=set)
    repeated: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RecordStore:
    """The prediction log and the rejected records of one bucket."""

    store: Store
    calls: Calls
    clock: Clock
    backoff: Backoff

    def write_log(self, entries: Sequence[LogEntry], deadline: Deadline) -> Recorded:
        """Write one object; further ones only for what an object of that name does not hold."""
        recorded = Recorded()
        missing = list(entries)
        while missing and not recorded.faults:
            (result,) = self._persist([partial(self._write, tuple(missing))], deadline)
            if isinstance(result, ConsumerError):
                recorded.faults.append(str(result))
            else:
                recorded.event_ids |= result.event_ids
                recorded.repeated |= result.repeated
                missing = [row for row in missing if row.row.event_id not in result.event_ids]
        return recorded

    def write_rejected(self, entries: Sequence[RejectedEntry], deadline: Deadline) -> Recorded:
        """Write one object a record; one that is there already is the same record."""
        results = self._persist([partial(self._keep, entry) for entry in entries], deadline)
        recorded = Recorded()
        for entry, result in zip(entries, results, strict=True):
            if isinstance(result, ConsumerError):
                recorded.faults.append(str(result))
            else:
                recorded.event_ids.add(entry.rejected.event_id)
                recorded.repeated |= set() if result else {entry.rejected.event_id}
        return recorded

    def _write(self, entries: tuple[LogEntry, ...]) -> Recorded:
        event_ids = {entry.row.event_id for entry in entries}
        key = entries[0].key
        if self.store.put_new(key, write_prediction_log(entry.row for entry in entries)):
            return Recorded(event_ids)
        present = event_ids & self._rows_at(key)
        if entries[0].row.event_id not in present:
            raise TakenKeyError(f"{key} does not hold the row that names it")
        return Recorded(present, present)

    def _rows_at(self, key: str) -> set[str]:
        content = self.store.get(key)
        if content is None:
            raise TransientError(f"{key} was there and is gone")
        try:
            return {row.event_id for row in read_prediction_log(content, key)}
        except InvalidEventError as error:
            raise TakenKeyError(str(error)) from error

    def _keep(self, entry: RejectedEntry) -> bool:
        return self.store.put_new(entry.key, entry.rejected.to_json())

    def _persist(
        self, calls: Sequence[Callable[[], Result]], deadline: Deadline
    ) -> list[Result | ConsumerError]:
        """Run the calls, and again those that failed in passing, while there is time."""
        results = self.calls.run(calls, deadline.left())
        for attempt in range(MAX_ATTEMPTS):
            failed = [i for i, result in enumerate(results) if isinstance(result, TransientError)]
            seconds = self.backoff.seconds(attempt)
            if not failed or seconds >= deadline.left():
                break
            self.clock.sleep(seconds)
            again = self.calls.run([calls[i] for i in failed], deadline.left())
            for i, result in zip(failed, again, strict=True):
                results[i] = result
        return results
