"""The object store in S3: conditional writes by If-None-Match and If-Match."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from services.retraining_agent.errors import BadInputError, ConflictError, TransientError
from services.retraining_agent.store import Condition, Match, StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# 409 is S3's answer when two conditional writes meet; for us both mean that we were not first.
_CONFLICTS = {"PreconditionFailed", "ConditionalRequestConflict"}
_REFUSED = {"NoSuchBucket", "AccessDenied", "InvalidBucketName", "InvalidAccessKeyId"}


class S3Store:
    """An ObjectStore over one bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def read(self, key: str) -> StoredObject | None:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            with answer["Body"] as body:
                return StoredObject(body.read(), answer["ETag"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            self._translate(key, error)
        except BotoCoreError as error:
            self._translate(key, error)

    def write(self, key: str, content: bytes, condition: Condition = None) -> str:
        try:
            if condition is None:
                answer = self._client.put_object(Bucket=self._bucket, Key=key, Body=content)
            elif isinstance(condition, Match):
                answer = self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=content, IfMatch=condition.etag
                )
            else:
                answer = self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=content, IfNoneMatch="*"
                )
        except (BotoCoreError, ClientError) as error:
            self._translate(key, error)
        return answer["ETag"]

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=after
        )
        try:
            for page in pages:
                yield from (item["Key"] for item in page.get("Contents", []))
        except (BotoCoreError, ClientError) as error:
            self._translate(prefix, error)

    def _translate(self, key: str, error: BotoCoreError | ClientError) -> NoReturn:
        if not isinstance(error, ClientError):
            raise TransientError(f"s3://{self._bucket}/{key}: {error}") from error
        code = error.response["Error"]["Code"]
        if code in _CONFLICTS or (code == "NoSuchKey"):  # If-Match on an object that is gone
            raise ConflictError(key) from error
        kind = BadInputError if code in _REFUSED else TransientError
        raise kind(f"s3://{self._bucket}/{key}: S3 answered {code}") from error
