"""Objects in S3, with the credentials, region and endpoint that boto3 finds by itself."""

import shutil
from typing import IO, TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from services.trainer.errors import DataError, UnreachableError
from services.trainer.inputs import ObjectAddress

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOT_MODIFIED = 304

# What asking again does not change, and what each of them means to the one who asked.
_REFUSALS = {
    "NoSuchBucket": "there is no such bucket",
    "NoSuchKey": "the bucket has no such key",
    "AccessDenied": "access is denied",
    "InvalidBucketName": "a bucket cannot be called that",
    "InvalidAccessKeyId": "the access key is not known",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "ExpiredToken": "the credentials have expired",
    "PermanentRedirect": "the bucket is in another region",
    "InvalidObjectState": "the object is archived: restore it first",
}
_WRONG_SETTINGS = (NoCredentialsError, PartialCredentialsError, ParamValidationError)


class S3Objects:
    """Downloads over one client."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def download(self, address: ObjectAddress, known_etag: str, file: IO[bytes]) -> str:
        try:
            if known_etag:
                answer = self._client.get_object(
                    Bucket=address.bucket, Key=address.key, IfNoneMatch=known_etag
                )
            else:
                answer = self._client.get_object(Bucket=address.bucket, Key=address.key)
            with answer["Body"] as body:
                shutil.copyfileobj(body, file)
            return answer["ETag"]
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == NOT_MODIFIED:
                return known_etag
            raise _describe(address, error) from error
        except _WRONG_SETTINGS as error:
            raise DataError(f"{address} cannot be read: {error}") from error
        except BotoCoreError as error:
            raise UnreachableError(f"{address} cannot be read now: {error}") from error


def _describe(address: ObjectAddress, error: ClientError) -> DataError | UnreachableError:
    code = error.response["Error"]["Code"]
    reason = _REFUSALS.get(code)
    if reason is None:
        return UnreachableError(f"{address} cannot be read now: {code}")
    return DataError(f"{address} cannot be read: {reason}")
