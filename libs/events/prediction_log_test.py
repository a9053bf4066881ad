from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.events.errors import InvalidEventError
from libs.events.prediction_log import (
    COLUMNS,
    PredictionRow,
    first_decisions,
    prediction_log_key,
    read_prediction_log,
    write_prediction_log,
)

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
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def read(content: bytes) -> list[PredictionRow]:
    return list(read_prediction_log(content, "log.csv"))


def test_the_originals_six_columns_come_first() -> None:
    assert COLUMNS[:6] == (
        "timestamp",
        "text",
        "predicted_label",
        "confidence",
        "reviewed",
        "true_label",
    )


@settings(deadline=None)
@given(text=TEXT, complaint_id=TEXT.filter(bool).map(lambda text: text[:128]))
def test_any_text_survives_a_round_trip(text: str, complaint_id: str) -> None:
    row = msgspec.structs.replace(ROW, text=text, complaint_id=complaint_id)

    assert read(write_prediction_log([row])) == [row]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(start: str) -> None:
    content = write_prediction_log([msgspec.structs.replace(ROW, text=start + "cmd()")])

    assert f"'{start}cmd()".encode() in content
    assert read(content)[0].text == start + "cmd()"


def test_an_empty_log_has_a_header_and_no_rows() -> None:
    content = write_prediction_log([])

    assert content.startswith(b"timestamp,text,")
    assert read(content) == []


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (b"credit_card,0.51", b"payday,0.51", "row 1.*predicted_label"),
        (b",0.5123456789,No", b",1.5,No", "row 1.*confidence"),
        (b",No,", b",Maybe,", "row 1.*reviewed"),
        (b",No,", b",Yes,", "row 1.*true_label"),
        (b",t-1,1", b",t-1,2", "row 1.*schema_version"),
        (b",t-1,1", b",t-1", "row 1: 15 cells"),
        (b"timestamp,", b"time,", "header"),
        (b"They", b"\xff", "UTF-8"),
    ],
)
def test_a_broken_log_is_refused_by_row_and_field(old: bytes, new: bytes, named: str) -> None:
    content = write_prediction_log([ROW])

    with pytest.raises(InvalidEventError, match=f"log.csv.*{named}"):
        read(content.replace(old, new))


def test_repeats_are_dropped_by_event_id() -> None:
    other = msgspec.structs.replace(ROW, event_id="shardId-000000000000:2")

    assert first_decisions([ROW, other, ROW]) == [ROW, other]


def test_the_earliest_decision_of_an_event_counts_in_any_order() -> None:
    later = msgspec.structs.replace(
        ROW, timestamp=ROW.timestamp + timedelta(seconds=1), predicted_label="retail_banking"
    )
    other = msgspec.structs.replace(later, event_id="shardId-000000000000:2")

    assert first_decisions([later, other, ROW]) == [ROW, other]
    assert first_decisions([ROW, later, other]) == [ROW, other]


def test_the_key_has_the_hour_of_arrival_in_utc() -> None:
    key = prediction_log_key(
        "complaints", "shardId-000000000000", "49", datetime.fromisoformat("2026-01-02T01:30+02:00")
    )

    assert key == "predictions/dt=2026-01-01/hour=23/complaints-shardId-000000000000-49.csv"
