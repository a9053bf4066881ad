from __future__ import annotations

from ops.local.cloud.batch_outcome import Batch, Discard
from ops.local.cloud.failure_destination import failure_message
from ops.local.cloud.kinesis_records import Source
from ops.local.cloud.mapping_fakes import EPOCH, STREAM_ARN, answered, failed, make_records

SOURCE = Source(STREAM_ARN, "shardId-000000000001")
BATCH = Batch(tuple(make_records(3, EPOCH + 0.5)), retries=2, invocations=3)


def test_the_message_says_where_the_records_are_and_why_they_were_given_up() -> None:
    discard = Discard(BATCH, "RetryAttemptsExhausted", failed())

    message = failure_message(SOURCE, discard, "arn:function", now=EPOCH + 9)

    assert message == {
        "requestContext": {
            "requestId": "request-1",
            "functionArn": "arn:function",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": "2023-11-14T22:13:29.000Z",
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000001",
            "startSequenceNumber": "1",
            "endSequenceNumber": "3",
            "approximateArrivalOfFirstRecord": "2023-11-14T22:13:20.500Z",
            "approximateArrivalOfLastRecord": "2023-11-14T22:13:20.500Z",
            "batchSize": 3,
            "streamArn": STREAM_ARN,
        },
    }


def test_a_partial_failure_names_no_function_error() -> None:
    discard = Discard(BATCH, "RetryAttemptsExhausted", answered({"batchItemFailures": []}))

    message = failure_message(SOURCE, discard, "arn:function", now=EPOCH)

    assert message["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}


def test_records_too_old_to_be_tried_have_no_response() -> None:
    discard = Discard(Batch(BATCH.records), "RecordAgeExceeded")

    message = failure_message(SOURCE, discard, "arn:function", now=EPOCH)

    assert "responseContext" not in message
    assert message["requestContext"]["approximateInvokeCount"] == 0
