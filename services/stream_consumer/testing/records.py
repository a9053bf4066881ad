"""Stream records for tests, as a producer would have put them."""

import base64
import gzip
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from libs.events.complaint import ComplaintEvent
from services.stream_consumer.record import StreamRecord

SHARD = "shardId-000000000000"
ARRIVED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def complaint_event(number: int, narrative: str = "They charged me twice") -> ComplaintEvent:
    """Return a valid event."""
    return ComplaintEvent(f"c-{number}", narrative, ARRIVED_AT, trace_id=f"t-{number}")


def stream_record(
    number: int, narrative: str = "They charged me twice", data: bytes | None = None
) -> StreamRecord:
    """Return a record whose sequence number is `number`; `data` in place of a valid event."""
    content = complaint_event(number, narrative).to_json() if data is None else data
    return StreamRecord("complaints", SHARD, str(number), f"c-{number}", ARRIVED_AT, content)


def lambda_record(record: StreamRecord) -> dict[str, Any]:
    """Return the record as Lambda hands it over."""
    return {
        "eventID": record.event_id,
        "eventSource": "aws:kinesis",
        "eventSourceARN": f"arn:aws:kinesis:us-east-1:000000000000:stream/{record.stream}",
        "kinesis": {
            "partitionKey": record.partition_key,
            "sequenceNumber": record.sequence_number,
            "data": base64.b64encode(record.data).decode(),
            "approximateArrivalTimestamp": record.arrived_at.timestamp(),
        },
    }


def compressed(data: bytes) -> bytes:
    """Return the data as a gzip stream."""
    return gzip.compress(data, mtime=0)


def aggregated(parts: Sequence[tuple[str, bytes]]) -> bytes:
    """Pack (partition key, data) pairs into one record, as the Kinesis Producer Library does."""
    keys = list(dict.fromkeys(key for key, _ in parts))
    message = b"".join(_field(1, key.encode()) for key in keys)
    for key, data in parts:
        index = b"\x08" + _varint(keys.index(key))
        message += _field(3, index + _field(3, data))
    digest = hashlib.md5(message, usedforsecurity=False).digest()
    return b"\xf3\x89\x9a\xc2" + message + digest


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
