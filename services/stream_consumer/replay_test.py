from collections import deque

import msgspec
import pytest

from libs.events.invocations import InvocationsResponse
from libs.events.prediction_log import PredictionRow
from services.stream_consumer.replay import ReplayError, replay
from services.stream_consumer.testing.fakes import MODEL, FakeEndpoint, answer
from services.stream_consumer.testing.records import ARRIVED_AT

ROW = PredictionRow(
    timestamp=ARRIVED_AT,
    text="They charged me twice",
    predicted_label="credit_card",
    confidence=0.9,
    reviewed="N/A",
    event_id="shard:1",
    complaint_id="c-1",
    received_at=ARRIVED_AT,
    scores={"credit_card": 0.9, "retail_banking": 1 - 0.9},
    is_truncated=False,
    model_version=MODEL.version,
    model_digest=MODEL.digest,
    latency_seconds=0.1,
)


def test_the_same_model_gives_the_same_answer() -> None:
    assert replay(ROW, None, FakeEndpoint()).differences == []


def test_each_field_that_differs_is_named() -> None:
    other = msgspec.structs.replace(answer("fine", "0"), label="debt_collection", confidence=0.8)
    endpoint = FakeEndpoint(script=deque([InvocationsResponse([other], MODEL).to_json()]))

    differences = replay(ROW, None, endpoint).differences

    assert differences == [
        "predicted_label: credit_card then, debt_collection now",
        "confidence: 0.9 then, 0.8 now",
    ]


def test_another_model_is_no_replay() -> None:
    row = msgspec.structs.replace(ROW, model_digest="b" * 64)

    with pytest.raises(ReplayError, match="decided by model 1.0.0 \\(bbbb"):
        replay(row, None, FakeEndpoint())


def test_a_redacted_text_is_not_taken_for_what_the_model_read() -> None:
    row = msgspec.structs.replace(ROW, text="Write to [EMAIL]")

    with pytest.raises(ReplayError, match="redacted"):
        replay(row, None, FakeEndpoint())

    assert replay(row, "Write to ann@example.com", FakeEndpoint()).differences == []


def test_a_row_that_the_endpoint_refuses_now_is_reported() -> None:
    with pytest.raises(ReplayError, match="invalid_narrative"):
        replay(ROW, "poison", FakeEndpoint())
