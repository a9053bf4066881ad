import io
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from services.stream_consumer.errors import TransientError
from services.stream_consumer.s3_store import S3Store


class FakeS3:
    """S3's client with one object, "there"; or it raises what it was given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.requests: list[dict[str, Any]] = []

    def put_object(self, **request: Any) -> None:
        self.requests.append(request)
        self._fail(request["Key"] == "there", "PreconditionFailed")

    def get_object(self, **request: Any) -> dict[str, Any]:
        self._fail(request["Key"] != "there", "NoSuchKey")
        return {"Body": io.BytesIO(b"content")}

    def _fail(self, is_wrong: bool, code: str) -> None:
        if self.error is not None:
            raise self.error
        if is_wrong:
            raise client_error(code)


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "Operation")


def s3_store(client: Any) -> S3Store:
    return S3Store(client, "logs")


def test_an_object_is_written_only_where_there_is_none() -> None:
    client = FakeS3()

    assert s3_store(client).put_new("new.csv", b"rows")
    assert not s3_store(client).put_new("there", b"rows")
    assert client.requests[0]["IfNoneMatch"] == "*"


def test_an_object_is_read_or_absent() -> None:
    store = s3_store(FakeS3())

    assert store.get("there") == b"content"
    assert store.get("elsewhere") is None


@pytest.mark.parametrize(
    "error",
    [client_error("SlowDown"), client_error("AccessDenied"), ReadTimeoutError(endpoint_url="e")],
)
@pytest.mark.parametrize(
    "use", [lambda store: store.put_new("k", b""), lambda store: store.get("k")]
)
def test_every_other_fault_may_pass(error: Exception, use: Callable[[S3Store], object]) -> None:
    with pytest.raises(TransientError, match="log: "):
        use(s3_store(FakeS3(error)))
