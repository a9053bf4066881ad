"""Fakes for what a mapping talks to: Kinesis, the function, the destination. For tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from ops.local.cloud.kinesis_records import Record
from ops.local.cloud.lambda_function import InvocationResult

STREAM_ARN = "arn:aws:kinesis:eu-west-1:000000000000:stream/complaints"
EPOCH = 1_700_000_000.0


def make_records(count: int, arrived_at: float = EPOCH, data: bytes = b"{}") -> list[Record]:
    """Return records with sequence numbers 1, 2, ... and a partition key each."""
    return [Record(str(n), f"key-{n}", data, arrived_at) for n in range(1, count + 1)]


@dataclass
class FakeShard:
    """A shard: its records, its parents, and whether more can come."""

    records: list[Record]
    is_closed: bool = True
    parents: tuple[str, ...] = ()


class FakeKinesis:
    """The four calls that a mapping makes. `faults` has an error code by the number of the read."""

    def __init__(
        self, shards: Mapping[str, FakeShard], faults: Mapping[int, str] | None = None
    ) -> None:
        self.shards = dict(shards)
        self._faults = dict(faults or {})
        self._reads = 0
        self.positions: list[dict[str, Any]] = []

    def describe_stream_summary(self, **_: Any) -> dict[str, Any]:
        """Return the stream's ARN."""
        return {"StreamDescriptionSummary": {"StreamARN": STREAM_ARN}}

    def list_shards(self, **_: Any) -> dict[str, Any]:
        """Return every shard with its parents."""
        names = ("ParentShardId", "AdjacentParentShardId")
        return {
            "Shards": [
                {"ShardId": shard_id, **dict(zip(names, shard.parents, strict=False))}
                for shard_id, shard in self.shards.items()
            ]
        }

    def get_shard_iterator(self, ShardId: str, **position: Any) -> dict[str, Any]:  # noqa: N803
        """Return an iterator that is simply shard and index."""
        self.positions.append(position)
        records, after = self.shards[ShardId].records, position.get("StartingSequenceNumber", "0")
        since = position.get("Timestamp", 0)
        matches = (r.position > int(after) and r.arrived_at >= since for r in records)
        index = next((i for i, is_match in enumerate(matches) if is_match), len(records))
        return {"ShardIterator": f"{ShardId}/{index}"}

    def get_records(self, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803
        """Return records, and a next iterator unless the shard is closed and read out."""
        self._reads += 1
        if self._reads in self._faults:
            raise ClientError({"Error": {"Code": self._faults[self._reads]}}, "GetRecords")
        shard_id, start = ShardIterator.split("/")
        shard, end = self.shards[shard_id], int(start) + Limit
        is_read_out = shard.is_closed and end >= len(shard.records)
        return {
            "Records": [_api_record(record) for record in shard.records[int(start) : end]],
            "NextShardIterator": None
            if is_read_out
            else f"{shard_id}/{min(end, len(shard.records))}",
            "MillisBehindLatest": 0,
        }


@dataclass
class FakeFunction:
    """A function that fails where told; it keeps the batches that it was given.

    `poison` fails the whole invocation, `failing` is reported as a batch item failure, `crashes` is
    how many first invocations fail whatever they hold.
    """

    poison: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()
    crashes: int = 0
    batches: list[list[str]] = field(default_factory=list)
    events: list[Mapping[str, Any]] = field(default_factory=list)

    def __call__(self, event: Mapping[str, Any]) -> InvocationResult:
        """Answer as a Lambda invocation does."""
        batch = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]
        self.events.append(event)
        self.batches.append(batch)
        if len(self.batches) <= self.crashes or self.poison & set(batch):
            return failed({"errorType": "ValueError", "errorMessage": "told to fail"})
        failures = [{"itemIdentifier": name} for name in batch if name in self.failing]
        return answered({"batchItemFailures": failures})


class FakeDestination:
    """Keeps the messages that it was sent."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def send(self, message: dict[str, Any]) -> None:
        """Keep the message."""
        self.messages.append(message)


def answered(payload: Any) -> InvocationResult:
    """Return a successful invocation with this answer."""
    return InvocationResult("request-1", payload, None, 0.01)


def failed(payload: Any = None) -> InvocationResult:
    """Return an invocation that ended in a function error."""
    return InvocationResult("request-1", payload, "Unhandled", 0.01)


def _api_record(record: Record) -> dict[str, Any]:
    return {
        "SequenceNumber": record.sequence_number,
        "PartitionKey": record.partition_key,
        "Data": record.data,
        "ApproximateArrivalTimestamp": datetime.fromtimestamp(record.arrived_at, UTC),
    }
