from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from services.retraining_agent.errors import BadInputError, ConflictError, TransientError
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.s3_store import S3Store
from services.retraining_agent.store import ABSENT, Match, ObjectStore


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def s3_store(endpoint: str, bucket: str) -> S3Store:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(connect_timeout=2, retries={"total_max_attempts": 1}),
    )
    if bucket == "bucket":
        client.create_bucket(Bucket=bucket)
    return S3Store(client, bucket)


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest, endpoint: str) -> ObjectStore:
    return MemoryStore() if request.param == "memory" else s3_store(endpoint, "bucket")


def test_what_is_written_is_read(store: ObjectStore) -> None:
    etag = store.write("folder/one", b"content")

    found = store.read("folder/one")

    assert found is not None
    assert (found.content, found.etag) == (b"content", etag)
    assert store.read("folder/none") is None


def test_the_first_writer_of_an_absent_key_wins(store: ObjectStore) -> None:
    store.write("first", b"one", ABSENT)

    with pytest.raises(ConflictError, match="first"):
        store.write("first", b"two", ABSENT)


def test_compare_and_set_insists_on_the_entity_tag(store: ObjectStore) -> None:
    old = store.write("pointer", b"one")
    store.write("pointer", b"two", Match(old))

    with pytest.raises(ConflictError):
        store.write("pointer", b"three", Match(old))


def test_compare_and_set_of_an_object_that_is_gone_is_refused(store: ObjectStore) -> None:
    with pytest.raises(ConflictError):
        store.write("gone", b"one", Match('"9dd4e461268c8034f5c8564e155c67a6"'))


def test_keys_come_in_order_after_the_one_named(store: ObjectStore) -> None:
    for name in ("list/c", "list/a", "list/b", "other"):
        store.write(name, b"")

    assert list(store.keys("list/")) == ["list/a", "list/b", "list/c"]
    assert list(store.keys("list/", after="list/a")) == ["list/b", "list/c"]


def test_a_bucket_that_is_not_there_is_bad_input(endpoint: str) -> None:
    with pytest.raises(BadInputError, match="NoSuchBucket"):
        s3_store(endpoint, "missing-bucket").read("key")


def test_an_endpoint_that_does_not_answer_is_a_transient_fault() -> None:
    with pytest.raises(TransientError):
        s3_store("http://127.0.0.1:9", "missing-bucket").read("key")
