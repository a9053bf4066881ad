"""A Kinesis stream in memory, as far as the poller and the redrive read it, and its records."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from services.stream_consumer.record import StreamRecord
from services.stream_consumer.redrive import FailedBatch
from services.stream_consumer.testing.records import aggregated, complaint_event, compressed

NAME = "complaints"
ARN = f"arn:aws:kinesis:us-east-1:000000000000:stream/{NAME}"
STARTED_AT = 1_767_323_045.0
_BAD = [b"junk", b"{}", b"\x1f\x8bcut", b"\xf3\x89\x9a\xc2 no digest of it", b""]


@dataclass
class Shard:
    """One shard; a closed one ends."""

    name: str
    parents: list[str]
    records: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class FakeStream:
    """Shards, and what each user record should become."""

    shards: dict[str, Shard] = field(default_factory=dict)
    classified: set[str] = field(default_factory=set)
    """Event ids that have to be in the log, once for the reader."""
    rejected: dict[str, bytes] = field(default_factory=dict)
    """Event ids that have to be among the rejected, with their data."""

    def describe_stream_summary(self, StreamName: str) -> dict[str, Any]:  # noqa: N803
        """Answer as Kinesis does."""
        return {"StreamDescriptionSummary": {"StreamARN": ARN, "StreamName": StreamName}}

    def list_shards(self, **stream: str) -> dict[str, Any]:
        """Answer as Kinesis does."""
        keys = ("ParentShardId", "AdjacentParentShardId")
        return {
            "Shards": [
                {"ShardId": shard.name, **dict(zip(keys, shard.parents, strict=False))}
                for shard in self.shards.values()
            ]
        }

    def get_shard_iterator(self, ShardId: str, **position: Any) -> dict[str, str]:  # noqa: N803
        """Answer as Kinesis does, for TRIM_HORIZON and AFTER_SEQUENCE_NUMBER."""
        after = int(position.get("StartingSequenceNumber", -1))
        records = self.shards[ShardId].records
        place = sum(int(record["SequenceNumber"]) <= after for record in records)
        return {"ShardIterator": f"{ShardId}/{place}"}

    def get_records(self, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803
        """Answer as Kinesis does; all shards are closed, so that the last answer ends them."""
        name, _, place = ShardIterator.partition("/")
        begin, records = int(place), self.shards[name].records
        end = min(begin + Limit, len(records))
        following = {} if end == len(records) else {"NextShardIterator": f"{name}/{end}"}
        return {"Records": records[begin:end], "MillisBehindLatest": 0, **following}

    def read(self, batch: FailedBatch) -> list[StreamRecord]:
        """Return the records of a failed batch, as the redrive wants them."""
        first, last = int(batch.start_sequence_number), int(batch.end_sequence_number)
        return [
            record
            for record in self._stream_records(batch.shard_id)
            if first <= int(record.sequence_number) <= last
        ]

    def _stream_records(self, shard_id: str) -> Iterator[StreamRecord]:
        for record in self.shards[shard_id].records:
            yield StreamRecord(
                NAME,
                shard_id,
                record["SequenceNumber"],
                record["PartitionKey"],
                record["ApproximateArrivalTimestamp"],
                record["Data"],
            )

    def put(self, shard: str, number: int, dice: random.Random) -> None:
        """Add a record of some kind, and note what has to become of it."""
        record = StreamRecord(
            NAME, shard, str(10**20 + number), f"c-{number}", _moment(number), b""
        )
        kind = dice.choices(["plain", "gzip", "packed", "poison", "bad"], [6, 1, 1, 1, 1])[0]
        if kind == "packed":
            parts = [self._one(dice, number * 10 + n) for n in range(dice.randint(1, 3))]
            data = aggregated([(f"c-{number}", part) for part, _ in parts])
            for n, (part, is_good) in enumerate(parts):
                self._expect(replace(record, sub_sequence_number=n, data=part), is_good)
        else:
            data, is_good = self._one(dice, number, kind)
            self._expect(replace(record, data=data), is_good)
        self.shards[shard].records.append(
            {
                "SequenceNumber": record.sequence_number,
                "PartitionKey": record.partition_key,
                "Data": data,
                "ApproximateArrivalTimestamp": record.arrived_at,
            }
        )

    def _one(self, dice: random.Random, number: int, kind: str = "") -> tuple[bytes, bool]:
        """Return one user record's data, and whether it can be classified."""
        if kind == "bad" or (not kind and dice.random() < 0.2):
            return dice.choice(_BAD[:3] if not kind else _BAD), False
        words = dice.choice(["poison", "indigestible"]) if kind == "poison" else "fine"
        data = complaint_event(number, words).to_json()
        return (compressed(data) if kind == "gzip" else data), words == "fine"

    def _expect(self, record: StreamRecord, is_good: bool) -> None:
        if is_good:
            self.classified.add(record.event_id)
        else:
            self.rejected[record.event_id] = record.data


def build_stream(dice: random.Random) -> FakeStream:
    """Return a stream that was resharded on the way: some shards split, some merged."""
    stream, number, living = FakeStream(), 0, []
    for _ in range(dice.randint(1, 2)):
        living.append(_add_shard(stream, []))
    for _ in range(dice.randint(0, 2)):
        number = _fill(stream, living, number, dice)
        living = _reshard(stream, living, dice)
    _fill(stream, living, number, dice)
    return stream


def _fill(stream: FakeStream, shards: list[str], number: int, dice: random.Random) -> int:
    for _ in range(dice.randint(0, 12)):
        stream.put(dice.choice(shards), number, dice)
        number += 1
    return number


def _reshard(stream: FakeStream, living: list[str], dice: random.Random) -> list[str]:
    if len(living) > 1 and dice.random() < 0.5:
        return [_add_shard(stream, living[:2]), *living[2:]]
    return [*(_add_shard(stream, living[:1]) for _ in range(2)), *living[1:]]


def _add_shard(stream: FakeStream, parents: list[str]) -> str:
    name = f"shardId-{len(stream.shards):012}"
    stream.shards[name] = Shard(name, parents)
    return name


def _moment(number: int) -> datetime:
    return datetime.fromtimestamp(STARTED_AT + number, UTC)
