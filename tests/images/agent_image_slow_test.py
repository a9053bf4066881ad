"""The agent's image over a small log in an S3 stand-in: as a job, and as a Lambda function."""

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ops.local.cloud.ministack import client_environment
from ops.local.cloud.runtime_api import Answer, Invocation, RuntimeApi
from services.retraining_agent.testing.world import FIRST, world_with_champion
from tests.images.engine import (
    ContainerSpec,
    built_image,
    client_environ,
    new_name,
    remove,
    run_command,
    run_to_end,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HANDLER = "services.retraining_agent.plan_handler.handler"
LAMBDA_MEMORY = "512m"
START_SECONDS, ANSWER_SECONDS = 60, 60
EMPTY, FILLED = "empty", "filled"


@dataclass(frozen=True)
class Cloud:
    """An S3 with an empty bucket and one with a champion and its reviewed traffic."""

    address: str
    s3: "S3Client"

    def environ(self, bucket: str) -> dict[str, str]:
        return {**client_environment(self.address), "BUCKET": bucket}

    def keys(self, bucket: str) -> set[str]:
        return {each["Key"] for each in self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    s3 = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    s3.create_bucket(Bucket=EMPTY)
    s3.create_bucket(Bucket=FILLED)
    for key, content in world_with_champion().store.objects.items():
        s3.put_object(Bucket=FILLED, Key=key, Body=content)
    yield Cloud(address, s3)
    server.stop()


@pytest.fixture
def image() -> str:
    return built_image("retraining_agent")


def test_a_bucket_without_a_champion_is_refused_in_one_sentence(image: str, cloud: Cloud) -> None:
    result = run_to_end(ContainerSpec(image, ("plan",), environ=cloud.environ(EMPTY)))

    assert result.returncode == 2
    assert "there is no champion yet" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_plan_tells_what_a_round_would_do_and_changes_nothing(image: str, cloud: Cloud) -> None:
    before = cloud.keys(FILLED)
    arguments = ("plan", "--json", "--request", "who wants to know")

    result = run_to_end(ContainerSpec(image, arguments, environ=cloud.environ(FILLED)))

    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["evidence"]["champion"]["version"] == FIRST
    assert document["decision"]["triggers"][0].endswith("who wants to know")
    assert cloud.keys(FILLED) == before


def test_a_round_as_the_schedule_starts_it_puts_its_decision_on_record(
    image: str, cloud: Cloud
) -> None:
    before = cloud.keys(FILLED)
    arguments = ("run", "--once", "--no-wait", "--json")

    result = run_to_end(ContainerSpec(image, arguments, environ=cloud.environ(FILLED)))

    assert result.returncode == 0, result.stderr
    new = cloud.keys(FILLED) - before
    assert json.loads(result.stdout)["decision"]["decision"]
    assert any(key.startswith("registry/ledger/") for key in new)


@pytest.fixture
def function(image: str, cloud: Cloud) -> Iterator[RuntimeApi]:
    """Yield the API whose other end is the image, started as Lambda starts it."""
    api, name = RuntimeApi(), new_name()
    environ = {"AWS_LAMBDA_RUNTIME_API": api.address, "_HANDLER": HANDLER, "TZ": ":UTC"}
    spec = ContainerSpec(
        image,
        ("-m", "awslambdaric", HANDLER),
        environ={**cloud.environ(FILLED), **environ},
        entrypoint="/app/bin/python",
        memory=LAMBDA_MEMORY,
    )
    process = subprocess.Popen(run_command(spec, name), env=client_environ())
    yield api
    remove(name)
    process.wait()
    api.close()


def test_the_same_image_is_a_lambda_function(function: RuntimeApi) -> None:
    failure = function.wait_until_ready(START_SECONDS)
    event = json.dumps({"request": "who wants to know"}).encode()

    answer = invoke(function, event)

    assert failure is None
    assert answer.error_type is None, answer.body
    assert json.loads(answer.body)["evidence"]["champion"]["version"] == FIRST


def invoke(function: RuntimeApi, event: bytes) -> Answer:
    deadline_ms = int((time.time() + ANSWER_SECONDS) * 1000)
    arn = "arn:aws:lambda:us-east-1:000000000000:function:plan"
    answer = function.invoke(Invocation("one", event, deadline_ms, arn, "Root=1"), ANSWER_SECONDS)
    assert answer is not None, "no answer in time"
    return answer
