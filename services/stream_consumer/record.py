"""One record of the stream, and what decoding made of it. Knows no AWS client."""

from dataclasses import dataclass
from datetime import datetime

from libs.events.complaint import ComplaintEvent, event_id


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A user record: a whole Kinesis record, or one of those that a producer packed into it."""

    stream: str
    shard_id: str
    sequence_number: str
    partition_key: str
    arrived_at: datetime
    data: bytes
    sub_sequence_number: int | None = None

    @property
    def position(self) -> str:
        """The sequence number; `<sequence number>.<n>` for the n-th of an aggregated record."""
        if self.sub_sequence_number is None:
            return self.sequence_number
        return f"{self.sequence_number}.{self.sub_sequence_number}"

    @property
    def event_id(self) -> str:
        return event_id(self.shard_id, self.position)


@dataclass(frozen=True, slots=True)
class Complaint:
    """A record that holds a valid complaint event."""

    record: StreamRecord
    event: ComplaintEvent


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that can never succeed, and why; the reason never quotes the narrative."""

    record: StreamRecord
    reason: str
