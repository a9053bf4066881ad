from datetime import UTC, datetime

import msgspec
import pytest

from libs.events.prediction_log import PredictionRow
from ops.local.demo.stats import StreamStats

RECEIVED_AT = datetime(2026, 1, 2, tzinfo=UTC)
START = RECEIVED_AT.timestamp()
ROW = PredictionRow(
    timestamp=RECEIVED_AT,
    text="They charged me twice",
    predicted_label="credit_card",
    confidence=0.5,
    reviewed="No",
    event_id="shardId-0:0",
    complaint_id="c-0",
    received_at=RECEIVED_AT,
    scores={"credit_card": 0.5},
    is_truncated=False,
    model_version="1",
    model_digest="a" * 64,
    latency_seconds=0.01,
)


def row(number: int, **changes: object) -> PredictionRow:
    return msgspec.structs.replace(ROW, event_id=f"shardId-0:{number}", **changes)


def test_a_repeat_is_counted_as_a_repeat_and_nothing_else() -> None:
    stats = StreamStats()

    stats.add([row(1), row(1)], seen_at=START)

    assert (stats.logged, stats.repeats, stats.labels["credit_card"]) == (1, 1, 1)


def test_only_rows_waiting_for_review_are_kept() -> None:
    stats = StreamStats()

    stats.add([row(1), row(2, reviewed="N/A")], seen_at=START)

    assert [waiting.event_id for waiting in stats.waiting] == ["shardId-0:1"]


def test_latency_runs_from_received_to_seen() -> None:
    stats = StreamStats()

    stats.add([row(1), row(2)], seen_at=START + 0.25)

    assert stats.latency_quantile(50) == pytest.approx(0.25)


def test_latency_is_unknown_before_there_are_two_rows() -> None:
    assert StreamStats().latency_quantile(95) is None


def test_throughput_forgets_what_is_older_than_its_window() -> None:
    stats = StreamStats()
    stats.add([row(number) for number in range(100)], seen_at=START)
    stats.add([row(number) for number in range(100, 110)], seen_at=START + 18)

    assert stats.throughput(START + 20) == pytest.approx(5.0)
