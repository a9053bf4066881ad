"""Reads one lane of a shard in order and invokes the function: gather, decide, apply.

A lane is a whole shard, or with a parallelisation factor the partition keys that fall to it.
Each lane reads the shard on its own and skips the keys of the others, so lanes share nothing.

Order, batches at once in a shard by partition key:
  https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
Starting positions: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
A failing batch holds up its shard, and is told to the destination before it is passed over:
  https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.local.cloud.batch_outcome import Batch, Outcome, after_invocation, before_invocation
from ops.local.cloud.batching import batch_length
from ops.local.cloud.checkpoints import Checkpoint, CheckpointStore
from ops.local.cloud.failure_destination import FailureDestination, failure_message
from ops.local.cloud.kinesis_records import Record, Source, lambda_event, lane_of, record_from_api
from ops.local.cloud.lambda_function import InvocationResult
from ops.local.cloud.mapping_clock import Clock
from ops.local.cloud.mapping_settings import MappingSettings
from ops.local.cloud.mapping_status import MappingStatus

Invoke = Callable[[Mapping[str, Any]], InvocationResult]
_READ_LIMIT = 1000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LaneContext:
    """What every lane of a mapping shares."""

    settings: MappingSettings
    kinesis: Any
    invoke: Invoke
    function_arn: str
    checkpoints: CheckpointStore
    clock: Clock
    status: MappingStatus
    destination: FailureDestination | None = None


class ShardLane:
    """One lane. run() returns when the shard is read out or the clock says stop."""

    def __init__(self, context: LaneContext, source: Source, index: int = 0) -> None:
        self._context = context
        self._source = source
        self._index = index
        self.shard_id = source.shard_id
        self.name = lane_name(source.shard_id, index, context.settings.parallelization_factor)
        self._status = context.status.lane(self.name)
        self._waiting: deque[Record] = deque()
        self._iterator: str | None = None
        self._is_read_out = False
        self._read_through = context.checkpoints.load(self.name).sequence_number
        self._settled_through = self._read_through
        self._status.settled_through = self._settled_through
        self._window_started_at = context.clock.now()

    def run(self) -> None:
        """Read and process until the shard is finished or the clock says stop."""
        while not self._context.clock.is_stopped() and not self._status.is_finished:
            self._step()
            self._context.status.write()

    def abandon(self) -> None:
        """Take the shard for read out: its retention is over and Kinesis lists it no more."""
        self._is_read_out = True

    def _step(self) -> None:
        clock, window = self._context.clock, self._context.settings.maximum_batching_window_seconds
        left = 0.0 if self._is_read_out else self._window_started_at + window - clock.now()
        count = batch_length(self._waiting, left, self._context.settings)
        if count > 0:
            self._process(Batch(tuple(self._waiting.popleft() for _ in range(count))))
            self._window_started_at = clock.now()
        elif self._is_read_out:
            self._finish()
        else:
            if left <= 0:
                self._window_started_at = clock.now()
            self._read()

    # Reading

    def _read(self) -> None:
        """Read on; pause when there is nothing more, or when Kinesis cannot answer."""
        settings, clock = self._context.settings, self._context.clock
        try:
            records = self._get_records()
        except (ClientError, BotoCoreError) as error:
            self._iterator = None
            _log.warning("cannot read %s: %s", self._source.shard_id, error)
            return clock.wait(max(settings.poll_interval_seconds, 0.1))
        mine = [record for record in records if self._owns(record)]
        self._waiting.extend(mine)
        self._context.status.count(records_read=len(mine))
        self._status.records_waiting = len(self._waiting)
        if not records and not self._is_read_out:
            self._idle()

    def _idle(self) -> None:
        """Wait for new records, but not past the end of the batching window."""
        settings, clock = self._context.settings, self._context.clock
        if not self._waiting:
            self._status.iterator_age_seconds = 0.0
            return clock.wait(settings.poll_interval_seconds)
        left = self._window_started_at + settings.maximum_batching_window_seconds - clock.now()
        clock.wait(min(settings.poll_interval_seconds, max(left, 0.0)))

    def _get_records(self) -> list[Record]:
        if self._iterator is None:
            self._iterator = self._new_iterator()
        limit = max(_READ_LIMIT, self._context.settings.batch_size)
        answer = self._context.kinesis.get_records(ShardIterator=self._iterator, Limit=limit)
        self._iterator = answer.get("NextShardIterator")
        self._is_read_out = self._is_read_out or self._iterator is None
        self._status.millis_behind_latest = answer.get("MillisBehindLatest", 0)
        records = [record_from_api(record) for record in answer["Records"]]
        if records:
            self._read_through = records[-1].sequence_number
        return records

    def _new_iterator(self) -> str:
        position = iterator_position(self._read_through, self._context)
        answer = self._context.kinesis.get_shard_iterator(
            StreamName=self._source.stream_name, ShardId=self._source.shard_id, **position
        )
        return str(answer["ShardIterator"])

    def _owns(self, record: Record) -> bool:
        lanes = self._context.settings.parallelization_factor
        return lanes == 1 or lane_of(record.partition_key, lanes) == self._index

    # Processing

    def _process(self, batch: Batch) -> None:
        """Bring a batch to its end, through splits and retries, before anything after it."""
        pending = [batch]
        while pending and not self._context.clock.is_stopped():
            head = pending.pop(0)
            outcome = self._attempt(head)
            if outcome is None:
                return
            self._apply(outcome)
            pending = [*outcome.remaining, *pending]
            self._context.status.count_outcome(outcome, len(head.records))
            self._status.records_waiting = len(self._waiting) + sum(len(b.records) for b in pending)
            self._context.status.write()
            if outcome.delay_seconds > 0:
                self._context.clock.wait(outcome.delay_seconds)

    def _attempt(self, batch: Batch) -> Outcome | None:
        """Invoke the function with a batch and decide; None when stopped meanwhile."""
        context = self._context
        early = before_invocation(batch, context.clock.now(), context.settings)
        if early.discard is not None:
            return early
        self._status.iterator_age_seconds = context.clock.now() - batch.records[-1].arrived_at
        result = context.invoke(lambda_event(self._source, batch.records))
        context.status.count(
            invocations=1,
            function_errors=int(result.function_error is not None),
            cold_starts=int(result.init_seconds is not None),
            invocation_seconds=result.duration_seconds,
        )
        if result.function_error is not None:
            if context.clock.is_stopped():
                return None  # Killed with the mapping: says nothing of the records.
            _log.warning("%s: %s", self.name, _error_type(result))
        return after_invocation(batch, result, context.settings)

    def _apply(self, outcome: Outcome) -> None:
        """Tell the destination first, checkpoint second: a crash between repeats, never loses."""
        context = self._context
        if outcome.discard is not None and context.destination is not None:
            message = failure_message(
                self._source, outcome.discard, context.function_arn, context.clock.now()
            )
            if not self._deliver(context.destination, message):
                return
        if outcome.settled_through is not None:
            self._settled_through = self._status.settled_through = outcome.settled_through
            context.checkpoints.save(self.name, Checkpoint(self._settled_through))

    def _deliver(self, destination: FailureDestination, message: dict[str, Any]) -> bool:
        """Send until it works; False when stopped before it did."""
        while not self._context.clock.is_stopped():
            try:
                destination.send(message)
                return True
            except (ClientError, BotoCoreError) as error:
                _log.warning("on-failure destination: %s", error)
                self._context.clock.wait(1.0)
        return False

    def _finish(self) -> None:
        self._context.checkpoints.save(self.name, Checkpoint(self._settled_through, True))
        self._status.is_finished = True


def lane_name(shard_id: str, index: int, lanes: int) -> str:
    """Return the lane's name, which its checkpoint goes by; a shard in one lane is just itself."""
    return shard_id if lanes == 1 else f"{shard_id}.{index}of{lanes}"


def iterator_position(read_through: str | None, context: LaneContext) -> dict[str, Any]:
    """Return where to start reading.

    LATEST means: since the mapping was created. Whoever resumes without a checkpoint, after a
    crash or on a new child shard, thus misses nothing.
    """
    settings = context.settings
    if read_through is not None:
        kind = "AFTER_SEQUENCE_NUMBER"
        return {"ShardIteratorType": kind, "StartingSequenceNumber": read_through}
    if settings.starting_position == "TRIM_HORIZON":
        return {"ShardIteratorType": "TRIM_HORIZON"}
    since = settings.starting_position_timestamp
    if settings.starting_position == "LATEST":
        since = context.checkpoints.created_at(context.clock.now())
    return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": since}


def _error_type(result: InvocationResult) -> str:
    payload = result.payload if isinstance(result.payload, dict) else {}
    return f"{result.function_error} {payload.get('errorType')}: {payload.get('errorMessage')}"
