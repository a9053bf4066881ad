from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from libs.events.compaction import compacted_key, read_compacted, write_compacted
from libs.events.errors import InvalidEventError
from libs.events.prediction_log import PredictionRow, prediction_log_key, write_prediction_log
from services.stream_consumer.compact import compact, days_between
from services.stream_consumer.errors import TransientError
from services.stream_consumer.testing.memory_archive import MemoryArchive

DAY = date(2026, 1, 2)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def row(number: int, received_at: datetime = NOON) -> PredictionRow:
    return PredictionRow(
        timestamp=received_at + timedelta(seconds=1),
        text="They charged me twice",
        predicted_label="credit_card",
        confidence=0.9,
        reviewed="N/A",
        event_id=f"shard:{number}",
        complaint_id=f"c-{number}",
        received_at=received_at,
        scores={"credit_card": 0.9},
        is_truncated=False,
        model_version="1",
        model_digest="a" * 64,
        latency_seconds=0.1,
    )


def archive(*objects: list[PredictionRow]) -> MemoryArchive:
    return MemoryArchive(
        {
            prediction_log_key("complaints", "shard", str(n), NOON): write_prediction_log(rows)
            for n, rows in enumerate(objects)
        }
    )


def compacted(bucket: MemoryArchive, day: date = DAY) -> list[str]:
    version = bucket.version(compacted_key(day))
    assert version is not None
    return [row.complaint_id for row in read_compacted(version.content, "day")]


def test_objects_become_one_file_without_repeats() -> None:
    bucket = archive([row(1), row(2)], [row(2), row(3)])

    report = compact(bucket, [DAY])

    assert compacted(bucket) == ["c-1", "c-2", "c-3"]
    assert (report.objects, report.rows) == (2, 4)


def test_a_second_run_changes_nothing() -> None:
    bucket = archive([row(1)])
    compact(bucket, [DAY])
    before = dict(bucket.objects)

    report = compact(bucket, [DAY])

    assert report.changed == []
    assert bucket.objects == before


def test_a_row_received_on_another_day_joins_that_days_file() -> None:
    bucket = archive([row(1, NOON - timedelta(days=1))])
    earlier = DAY - timedelta(days=1)
    bucket.replace(
        compacted_key(earlier), write_compacted([row(0, NOON - timedelta(days=1))]), None
    )

    compact(bucket, [DAY])

    assert compacted(bucket, earlier) == ["c-0", "c-1"]


def test_a_file_that_somebody_else_changed_meanwhile_is_not_overwritten() -> None:
    bucket = archive([row(1)])
    bucket.rival = (compacted_key(DAY), write_compacted([row(9)]))

    with pytest.raises(TransientError, match="changed meanwhile"):
        compact(bucket, [DAY])

    compact(bucket, [DAY])
    assert compacted(bucket) == ["c-1", "c-9"]


def test_an_unreadable_object_stops_the_run_by_name_and_changes_nothing() -> None:
    bucket = archive([row(1)])
    key = prediction_log_key("complaints", "shard", "9", NOON)
    bucket.replace(key, b"edited by hand", None)
    before = dict(bucket.objects)

    with pytest.raises(InvalidEventError, match="shard-9.csv"):
        compact(bucket, [DAY])

    assert bucket.objects == before


def test_a_range_of_days_has_both_its_ends() -> None:
    assert days_between(DAY, DAY + timedelta(days=2))[-1] == DAY + timedelta(days=2)
    assert days_between(DAY, DAY) == [DAY]


def test_rows_keep_every_field() -> None:
    special = msgspec.structs.replace(row(1), text="=cmd()", trace_id="t")
    bucket = archive([special])

    compact(bucket, [DAY])

    version = bucket.version(compacted_key(DAY))
    assert version is not None
    assert read_compacted(version.content, "day") == [special]
