from datetime import UTC, datetime

import pytest

from libs.events.errors import InvalidEventError
from libs.events.rejected import RejectedRecord, read_rejected_record, rejected_record_key

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_rejected_record_keeps_every_byte() -> None:
    record = RejectedRecord(
        event_id="shardId-000000000000:1",
        reason="complaint event: not valid UTF-8 JSON",
        arrived_at=MOMENT,
        rejected_at=MOMENT,
        partition_key="c-1",
        data=bytes(range(256)),
    )

    assert read_rejected_record(record.to_json()) == record


def test_the_key_names_the_record() -> None:
    key = rejected_record_key("complaints", "shardId-000000000000", "49", MOMENT)

    assert key == "rejected/dt=2026-01-02/hour=03/complaints-shardId-000000000000-49.json"


def test_a_document_without_a_reason_is_refused() -> None:
    with pytest.raises(InvalidEventError, match="reason"):
        read_rejected_record(b'{"event_id":"e"}')
