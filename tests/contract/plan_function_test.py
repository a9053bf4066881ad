"""The agent's `plan` as a Lambda function: the runtime client of its image runs the handler."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ops.local.cloud.lambda_function import FunctionSettings, LambdaFunction
from ops.local.cloud.processes import Processes
from services.retraining_agent.testing.world import FIRST, world_with_champion

HANDLER = "services.retraining_agent.plan_handler.handler"
ACCOUNT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.fixture
def endpoint() -> Iterator[str]:
    """Yield the address of an S3 with a bucket in which a model is champion."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="bucket")
    for key, content in world_with_champion().store.objects.items():
        client.put_object(Bucket="bucket", Key=key, Body=content)
    yield f"http://{host}:{port}"
    server.stop()


def test_the_runtime_client_runs_a_plan(endpoint: str, tmp_path: Path) -> None:
    environment = {**ACCOUNT, "AWS_ENDPOINT_URL": endpoint, "BUCKET": "bucket"}
    settings = FunctionSettings(
        HANDLER, name="plan", init_timeout_seconds=60, environment=environment
    )

    with Processes(tmp_path) as processes:
        function = LambdaFunction(settings, processes)
        answer = function.invoke({"request": "who wants to know"})
        function.close()

    assert answer.function_error is None, answer.payload
    assert answer.payload["evidence"]["champion"]["version"] == FIRST
    # Others may follow: the function has the clock of today, on which this champion is old.
    assert answer.payload["decision"]["triggers"][0] == "a person asked for it: who wants to know"
