import json
from typing import Any

import pytest

from services.stream_consumer.redrive import FailedBatch, FailureMessageError, read_failed_batch

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
