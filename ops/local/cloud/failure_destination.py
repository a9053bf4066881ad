"""What Lambda tells an on-failure destination about records it gave up: where they are."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any, Protocol

from ops.local.cloud.batch_outcome import Discard
from ops.local.cloud.kinesis_records import Source


class FailureDestination(Protocol):
    """Takes one message about a discarded batch."""

    def send(self, message: dict[str, Any]) -> None:
        """Deliver the message or raise."""


def failure_message(
    source: Source, discard: Discard, function_arn: str, now: float
) -> dict[str, Any]:
    """Return the message for SQS and SNS destinations, as the AWS page shows it.

    https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html#kinesis-on-failure-destination-example-sns-sqs
    """
    records, result = discard.batch.records, discard.result
    message: dict[str, Any] = {
        "requestContext": {
            "requestId": result.request_id if result else str(uuid.uuid4()),
            "functionArn": function_arn,
            "condition": discard.condition,
            "approximateInvokeCount": discard.batch.invocations,
        },
        "version": "1.0",
        "timestamp": _timestamp(now),
        "KinesisBatchInfo": {
            "shardId": source.shard_id,
            "startSequenceNumber": records[0].sequence_number,
            "endSequenceNumber": records[-1].sequence_number,
            "approximateArrivalOfFirstRecord": _timestamp(records[0].arrived_at),
            "approximateArrivalOfLastRecord": _timestamp(records[-1].arrived_at),
            "batchSize": len(records),
            "streamArn": source.stream_arn,
        },
    }
    if result is not None:
        message["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST"}
        if result.function_error is not None:
            message["responseContext"]["functionError"] = result.function_error
    return message


class SqsDestination:
    """An SQS queue as destination."""

    def __init__(self, sqs: Any, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def send(self, message: dict[str, Any]) -> None:
        """Send the message; whatever boto3 raises passes through."""
        self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(message))


def _timestamp(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
