"""The bucket as the compaction sees it: listed, read with its tag, replaced by compare-and-set."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.stream_consumer.compact import Version
from services.stream_consumer.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PAST = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_ABSENT = frozenset({"NoSuchKey", "404"})


class S3Archive:
    """One bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def keys(self, prefix: str) -> list[str]:
        """Return the names that begin so, in order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        try:
            return [item["Key"] for page in pages for item in page.get("Contents", [])]
        except (ClientError, BotoCoreError) as error:
            raise _fault(error) from error

    def version(self, key: str) -> Version | None:
        """Return the object, or None when there is none."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            return Version(answer["Body"].read(), answer["ETag"])
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None
            raise _fault(error) from error
        except BotoCoreError as error:
            raise _fault(error) from error

    def replace(self, key: str, content: bytes, tag: str | None) -> bool:
        """Write over the version of that tag, or where there is none; False when that is past."""
        try:
            if tag is None:
                self._client.put_object(Bucket=self._bucket, Key=key, Body=content, IfNoneMatch="*")
            else:
                self._client.put_object(Bucket=self._bucket, Key=key, Body=content, IfMatch=tag)
        except ClientError as error:
            if error.response["Error"]["Code"] in _PAST:
                return False
            raise _fault(error) from error
        except BotoCoreError as error:
            raise _fault(error) from error
        return True


def _fault(error: Exception) -> TransientError:
    return TransientError(f"bucket: {error}")
