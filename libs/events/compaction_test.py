from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.events.compaction import (
    compacted_key,
    merge_day,
    read_compacted,
    rows_by_day,
    write_compacted,
)
from libs.events.errors import InvalidEventError
from libs.events.prediction_log import PredictionRow

ROW = PredictionRow(
    timestamp=datetime(2026, 1, 2, 3, 4, 6, 123456, tzinfo=UTC),
    text="They charged me twice",
    predicted_label="credit_card",
    confidence=0.5123456789,
    reviewed="No",
    event_id="shardId-000000000000:1",
    complaint_id="c-1",
    received_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    scores={"credit_card": 0.5123456789, "retail_banking": 0.4876543211},
    is_truncated=False,
    model_version="1.0.0",
    model_digest="a" * 64,
    latency_seconds=0.0123,
    trace_id="t-1",
)
OTHER = msgspec.structs.replace(ROW, event_id="shardId-000000000000:2")
LATER = msgspec.structs.replace(ROW, timestamp=ROW.timestamp + timedelta(days=1))
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None)
@given(text=TEXT)
def test_any_row_survives_a_round_trip(text: str) -> None:
    row = msgspec.structs.replace(ROW, text=text)

    assert read_compacted(write_compacted([row]), "day") == [row]


def test_repeats_of_an_event_meet_in_one_day_and_the_earliest_decision_stays() -> None:
    days = rows_by_day([LATER, ROW, OTHER])

    assert list(days) == [date(2026, 1, 2)]
    assert read_compacted(merge_day([], days[date(2026, 1, 2)]), "day") == [ROW, OTHER]


def test_merging_the_same_rows_again_gives_the_same_bytes() -> None:
    content = merge_day([], [ROW, OTHER])

    assert merge_day(read_compacted(content, "day"), [OTHER, LATER, ROW]) == content


def test_the_key_names_the_day() -> None:
    assert compacted_key(date(2026, 1, 2)) == "compacted/dt=2026-01-02/predictions.parquet"


@pytest.mark.parametrize("content", [b"", b"timestamp,text", b"PAR1PAR1"])
def test_what_is_no_parquet_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(InvalidEventError, match="day"):
        read_compacted(content, "day")


def test_a_row_that_breaks_the_log_is_refused_by_number() -> None:
    broken = msgspec.structs.replace(ROW)
    msgspec.structs.force_setattr(broken, "predicted_label", "payday")

    with pytest.raises(InvalidEventError, match="row 1.*payday"):
        read_compacted(write_compacted([broken]), "day")
