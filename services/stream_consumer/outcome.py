"""What an invocation achieved, and where Lambda has to resume. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.stream_consumer.record import Complaint, Rejection, StreamRecord


@dataclass(frozen=True)
class Batch:
    """The stream's records and what each decoded to; `decoded` is shorter when memory ran short."""

    records: Sequence[StreamRecord]
    decoded: Sequence[Sequence[Complaint | Rejection]]

    @property
    def complaints(self) -> list[Complaint]:
        return [item for items in self.decoded for item in items if isinstance(item, Complaint)]

    @property
    def rejections(self) -> list[Rejection]:
        return [item for items in self.decoded for item in items if isinstance(item, Rejection)]


@dataclass
class Outcome:
    """Counts of user records, and the sequence numbers of the records to be delivered again."""

    logged: int = 0
    rejected: int = 0
    repeated: int = 0
    handed_back: int = 0
    calls: int = 0
    failures: list[str] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    end_to_end_seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def response(self) -> dict[str, list[dict[str, str]]]:
        """Return Lambda's answer; its lowest sequence number becomes the checkpoint:
        https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html"""
        return {"batchItemFailures": [{"itemIdentifier": name} for name in self.failures]}


def unrecorded(batch: Batch, event_ids: set[str]) -> list[str]:
    """Return, in order, the sequence numbers of records of which any part is not on record."""
    late = batch.records[len(batch.decoded) :]
    return [
        record.sequence_number
        for record, items in zip(batch.records, batch.decoded, strict=False)
        if any(item.record.event_id not in event_ids for item in items)
    ] + [record.sequence_number for record in late]
