"""The complaint event: one record of the stream (contract 3)."""

from datetime import datetime
from typing import Annotated

import msgspec

from libs.events.decoding import decode_json

MAX_NARRATIVE_CHARACTERS = 100_000

ComplaintId = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Narrative = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NARRATIVE_CHARACTERS)]
Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]


class ComplaintEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A complaint as it arrives; unknown fields are ignored."""

    complaint_id: ComplaintId
    narrative: Narrative
    received_at: Timestamp
    source: str | None = None
    trace_id: str | None = None

    def to_json(self) -> bytes:
        return msgspec.json.encode(self)

    @property
    def partition_key(self) -> str:
        return self.complaint_id


def read_complaint_event(content: bytes) -> ComplaintEvent:
    """Decode one Kinesis record's data; raises InvalidEventError naming the field."""
    return decode_json(content, ComplaintEvent, "complaint event")


def event_id(shard_id: str, sequence_number: str) -> str:
    """Return the identity of one record of the stream."""
    return f"{shard_id}:{sequence_number}"
