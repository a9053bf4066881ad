"""Reads new objects of the prediction log as they appear. Knows S3 and nothing of the screen."""

from collections.abc import Iterator
from typing import Any, Protocol

from libs.events import prediction_log, rejected
from libs.events.prediction_log import PredictionRow, read_prediction_log


class Bucket(Protocol):
    """The two calls of the S3 client that are needed."""

    def get_paginator(self, operation_name: Any) -> Any: ...

    def get_object(self, *, Bucket: str, Key: str) -> Any: ...  # noqa: N803


class LogWatcher:
    """Yields each row of the log once per object that holds it."""

    def __init__(self, s3: Bucket, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._seen: set[str] = set()

    def new_rows(self) -> Iterator[PredictionRow]:
        """Yield the rows of every object that appeared since the last call."""
        for key in self._keys(prediction_log.PREFIX):
            if key not in self._seen:
                self._seen.add(key)
                yield from read_prediction_log(self._content(key), key)

    def rejected_count(self) -> int:
        """Return how many records were refused."""
        return len(self._keys(rejected.PREFIX))

    def _keys(self, prefix: str) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def _content(self, key: str) -> bytes:
        return bytes(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
