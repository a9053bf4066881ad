"""Kinesis records as GetRecords gives them, and as Lambda puts them into an event. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ops.local.cloud.ministack import ACCOUNT_ID

# What a record's JSON holds besides its data and its key, generously.
_ENVELOPE_BYTES = 700


@dataclass(frozen=True)
class Record:
    """One record of a shard; `arrived_at` is in Unix seconds."""

    sequence_number: str
    partition_key: str
    data: bytes
    arrived_at: float

    @property
    def position(self) -> int:
        """The sequence number as what it is: a number, whatever its length."""
        return int(self.sequence_number)

    @property
    def payload_bytes(self) -> int:
        """An upper estimate of the record's size within an invocation's payload."""
        return (len(self.data) + 2) // 3 * 4 + len(self.partition_key) * 6 + _ENVELOPE_BYTES


@dataclass(frozen=True)
class Source:
    """Where records come from: the stream and the shard."""

    stream_arn: str
    shard_id: str

    @property
    def stream_name(self) -> str:
        """The name that the stream's ARN ends with."""
        return self.stream_arn.rpartition("/")[2]

    @property
    def region(self) -> str:
        """The region that the stream's ARN names."""
        return self.stream_arn.split(":")[3]


def record_from_api(record: Mapping[str, Any]) -> Record:
    """Return one item of a GetRecords answer."""
    return Record(
        sequence_number=record["SequenceNumber"],
        partition_key=record["PartitionKey"],
        data=record["Data"],
        arrived_at=record["ApproximateArrivalTimestamp"].timestamp(),
    )


def lambda_event(source: Source, records: Iterable[Record]) -> dict[str, Any]:
    """Return the event for a batch: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html."""
    return {"Records": [_event_record(source, record) for record in records]}


def _event_record(source: Source, record: Record) -> dict[str, Any]:
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.partition_key,
            "sequenceNumber": record.sequence_number,
            "data": base64.b64encode(record.data).decode("ascii"),
            "approximateArrivalTimestamp": record.arrived_at,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{source.shard_id}:{record.sequence_number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT_ID}:role/local-lambda",
        "awsRegion": source.region,
        "eventSourceARN": source.stream_arn,
    }


def lane_of(partition_key: str, lanes: int) -> int:
    """Return which of a shard's concurrent batches a key belongs to: always the same one, as with
    a ParallelizationFactor: https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html."""
    digest = hashlib.md5(partition_key.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big") % lanes
