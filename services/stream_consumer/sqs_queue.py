"""An SQS queue as on-failure destination."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.stream_consumer.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# Longer than one message takes, so that none is received twice in a run.
_HIDDEN_SECONDS = 900


class SqsQueue:
    """One queue by its address."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def receive(self) -> list[tuple[str, str]]:
        """Return some messages as (receipt, body), none when there are no more."""
        try:
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=1,
                VisibilityTimeout=_HIDDEN_SECONDS,
                WaitTimeSeconds=1,
            )
        except (ClientError, BotoCoreError) as error:
            raise TransientError(f"queue: {error}") from error
        return [(item["ReceiptHandle"], item["Body"]) for item in answer.get("Messages", [])]

    def delete(self, receipt: str) -> None:
        """Remove a message that is settled."""
        try:
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)
        except (ClientError, BotoCoreError) as error:
            raise TransientError(f"queue: {error}") from error
