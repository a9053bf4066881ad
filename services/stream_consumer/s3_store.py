"""The bucket of the log, written only by conditional puts.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.stream_consumer.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TAKEN = "PreconditionFailed"
_ABSENT = frozenset({"NoSuchKey", "404"})


class S3Store:
    """One bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put_new(self, key: str, content: bytes) -> bool:
        """Write an object unless there is one of that name; True when it was written."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType="application/json" if key.endswith(".json") else "text/csv",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if _code(error) == _TAKEN:
                return False
            raise TransientError(f"log: {_code(error)}") from error
        except BotoCoreError as error:
            raise TransientError(f"log: {type(error).__name__}") from error
        return True

    def get(self, key: str) -> bytes | None:
        """Return the object's content, or None when there is none."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise TransientError(f"log: {_code(error)}") from error
        except BotoCoreError as error:
            raise TransientError(f"log: {type(error).__name__}") from error


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "unknown")
