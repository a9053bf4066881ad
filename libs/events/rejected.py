"""Rejected records: what can never succeed is kept whole, with the reason (contract 5)."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from libs.events.complaint import Timestamp
from libs.events.decoding import decode_json

PREFIX = "rejected/"


class RejectedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record of the stream that was refused; `data` is the record's bytes (base64 in JSON)."""

    event_id: Annotated[str, msgspec.Meta(min_length=1)]
    reason: str
    arrived_at: Timestamp
    rejected_at: Timestamp
    partition_key: str
    data: bytes

    def to_json(self) -> bytes:
        return msgspec.json.encode(self)


def read_rejected_record(content: bytes) -> RejectedRecord:
    """Decode one rejected record; raises InvalidEventError."""
    return decode_json(content, RejectedRecord, "rejected record")


def rejected_record_key(
    stream: str, shard_id: str, sequence_number: str, arrived_at: datetime
) -> str:
    """Return the S3 key of one rejected record; a retry gets the same one."""
    hour = arrived_at.astimezone(UTC).strftime("dt=%Y-%m-%d/hour=%H")
    return f"{PREFIX}{hour}/{stream}-{shard_id}-{sequence_number}.json"
