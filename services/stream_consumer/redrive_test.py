import json
from typing import Any

import pytest

from services.stream_consumer.errors import ConsumerError, TransientError
from services.stream_consumer.outcome import Outcome
from services.stream_consumer.redrive import (
    FailedBatch,
    FailureMessageError,
    Redriven,
    drain,
    read_failed_batch,
)

MESSAGE: dict[str, Any] = {
    "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 3},
    "version": "1.0",
    "KinesisBatchInfo": {
        "shardId": "shardId-000000000001",
        "startSequenceNumber": "49",
        "endSequenceNumber": "52",
        "approximateArrivalOfFirstRecord": "2026-01-02T03:04:05.000Z",
        "approximateArrivalOfLastRecord": "2026-01-02T03:04:06.000Z",
        "batchSize": 3,
        "streamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/complaints",
    },
}


def test_a_message_says_where_the_records_are() -> None:
    batch = read_failed_batch(json.dumps(MESSAGE))

    assert batch == FailedBatch(
        "shardId-000000000001", "49", "52", 3, MESSAGE["KinesisBatchInfo"]["streamArn"]
    )
    assert batch.stream == "complaints"


@pytest.mark.parametrize("message", ["", "[]", "{}", '{"KinesisBatchInfo":{"shardId":7}}'])
def test_any_other_message_is_refused(message: str) -> None:
    with pytest.raises(FailureMessageError, match="on-failure message"):
        read_failed_batch(message)


class FakeQueue:
    """Messages by receipt; each is received once in a run."""

    def __init__(self, *bodies: str) -> None:
        self.messages = {str(number): body for number, body in enumerate(bodies)}
        self._waiting = list(self.messages.items())

    def receive(self) -> list[tuple[str, str]]:
        batch, self._waiting = self._waiting[:2], self._waiting[2:]
        return batch

    def delete(self, receipt: str) -> None:
        del self.messages[receipt]


def redriven(batch: FailedBatch, *failures: str, expired: int = 0) -> Redriven:
    return Redriven(batch, Outcome(failures=list(failures)), expired)


def test_settled_messages_leave_the_queue() -> None:
    queue = FakeQueue(*[json.dumps(MESSAGE)] * 3)

    results = list(drain(queue, redriven))

    assert len(results) == 3
    assert queue.messages == {}


def test_a_message_stays_while_records_are_unrecorded_expired_or_unknown() -> None:
    queue = FakeQueue(json.dumps(MESSAGE), json.dumps(MESSAGE), "what is this?")
    results = iter([("49", 0), ("", 1)])

    def redrive_batch(batch: FailedBatch) -> Redriven:
        failure, expired = next(results)
        return redriven(batch, *filter(None, [failure]), expired=expired)

    last = list(drain(queue, redrive_batch))[-1]

    assert isinstance(last, FailureMessageError)
    assert len(queue.messages) == 3


def test_a_stream_that_cannot_be_read_holds_up_no_other_message() -> None:
    gone = json.dumps(MESSAGE).replace("stream/complaints", "stream/gone")
    queue = FakeQueue(gone, json.dumps(MESSAGE))

    def redrive_batch(batch: FailedBatch) -> Redriven:
        if batch.stream == "gone":
            raise TransientError("stream gone: ResourceNotFoundException")
        return redriven(batch)

    results = list(drain(queue, redrive_batch))

    assert [isinstance(result, ConsumerError) for result in results] == [True, False]
    assert list(queue.messages.values()) == [gone]
