from datetime import date

import msgspec
import pytest

from libs.events.prediction_log import prediction_log_key, write_prediction_log
from services.stream_consumer.log_search import NotFoundError, find_narrative, find_row
from services.stream_consumer.record import StreamRecord
from services.stream_consumer.redrive import FailedBatch
from services.stream_consumer.replay_test import ROW
from services.stream_consumer.testing.memory_archive import MemoryArchive
from services.stream_consumer.testing.records import (
    ARRIVED_AT,
    SHARD,
    aggregated,
    complaint_event,
    stream_record,
)

DAY = date(2026, 1, 2)


class OneRecordStream:
    """A stream that still has one record."""

    def __init__(self, record: StreamRecord) -> None:
        self._record = record

    def read(self, batch: FailedBatch) -> list[StreamRecord]:
        is_asked_for = batch.start_sequence_number == self._record.sequence_number
        return [self._record] if is_asked_for else []


def test_a_row_is_found_in_whichever_object_of_the_day_holds_it() -> None:
    row = msgspec.structs.replace(ROW, event_id=f"{SHARD}:12")
    first = msgspec.structs.replace(ROW, event_id=f"{SHARD}:11")
    key = prediction_log_key("complaints", SHARD, "11", ARRIVED_AT)
    archive = MemoryArchive({key: write_prediction_log([first, row])})

    assert find_row(archive, f"{SHARD}:12", DAY) == row
    with pytest.raises(NotFoundError, match="dt=2026-01-02"):
        find_row(archive, f"{SHARD}:13", DAY)


def test_a_narrative_is_found_in_the_stream_also_within_an_aggregated_record() -> None:
    parts = [(f"c-{n}", complaint_event(n, f"story {n}").to_json()) for n in (1, 2)]
    stream = OneRecordStream(stream_record(7, data=aggregated(parts)))

    assert find_narrative(stream, "complaints", f"{SHARD}:7.1") == "story 2"
    with pytest.raises(NotFoundError, match="no longer"):
        find_narrative(stream, "complaints", f"{SHARD}:8")
