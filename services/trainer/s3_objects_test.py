import io
import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import yaml
from botocore.config import Config
from moto.server import ThreadedMotoServer

from services.trainer.config import TrainerConfig
from services.trainer.errors import DataError, UnreachableError
from services.trainer.inputs import ObjectAddress
from services.trainer.main import main
from services.trainer.s3_objects import S3Objects

ADDRESS = ObjectAddress("bucket", "in/complaints.csv")
ONE_TRY = Config(connect_timeout=2, retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """S3 over HTTP, with one object at ADDRESS."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """What boto3 reads by itself."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def put(content: bytes) -> None:
    client = boto3.client("s3")
    client.create_bucket(Bucket=ADDRESS.bucket)
    client.put_object(Bucket=ADDRESS.bucket, Key=ADDRESS.key, Body=content)


def test_an_object_comes_once_for_each_of_its_versions() -> None:
    put(b"narrative")
    objects, first, second = S3Objects(boto3.client("s3")), io.BytesIO(), io.BytesIO()

    etag = objects.download(ADDRESS, "", first)

    assert objects.download(ADDRESS, etag, second) == etag
    assert (first.getvalue(), second.getvalue()) == (b"narrative", b"")
    put(b"another")
    assert objects.download(ADDRESS, etag, second) != etag
    assert second.getvalue() == b"another"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (
            ObjectAddress("nowhere", "k.csv"),
            "nowhere/k.csv cannot be read: there is no such bucket",
        ),
        (
            ObjectAddress("bucket", "none.csv"),
            "none.csv cannot be read: the bucket has no such key",
        ),
        (ObjectAddress("b", "k.csv"), "s3://b/k.csv cannot be read: "),
    ],
)
def test_an_object_that_is_not_there_is_refused(address: ObjectAddress, reason: str) -> None:
    put(b"")

    with pytest.raises(DataError, match=reason):
        S3Objects(boto3.client("s3")).download(address, "", io.BytesIO())


def test_a_service_that_does_not_answer_is_a_passing_fault() -> None:
    client = boto3.client("s3", endpoint_url="http://127.0.0.1:9", config=ONE_TRY)

    with pytest.raises(UnreachableError, match="complaints.csv cannot be read now"):
        S3Objects(client).download(ADDRESS, "", io.BytesIO())


def test_a_run_on_an_address_is_one_on_the_file_and_goes_on_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], complaints: Path, config: TrainerConfig
) -> None:
    put(complaints.read_bytes())
    settings = tmp_path / "trainer.yaml"
    settings.write_text(yaml.safe_dump(config.to_dict()))
    common = ["--config", str(settings), "--json", "--work", str(tmp_path / "work")]

    for data in (str(ADDRESS), str(ADDRESS), str(complaints)):
        with pytest.raises(SystemExit) as stopped:
            main(["prepare", "--data", data, *common])
        assert stopped.value.code == 0
        output = capsys.readouterr()

    assert json.loads(output.out)["rows"] == 200
    assert "prepared: done already" in output.err


def test_the_command_line_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--to", str(tmp_path / "checkpoint")]

    with pytest.raises(SystemExit) as stopped:
        main(["run", "--data", "s3://nowhere/complaints.parquet", *arguments])

    assert stopped.value.code == 2
    assert "there is no such bucket" in capsys.readouterr().err
    assert not (tmp_path / "checkpoint").exists()
