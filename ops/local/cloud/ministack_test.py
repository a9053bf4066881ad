"""The real server as a child process, through real boto3 clients."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import boto3
import pytest

from ops.local.cloud.errors import PortInUseError
from ops.local.cloud.ministack import Ministack
from ops.local.cloud.processes import LOOPBACK, Processes


def client(cloud: Ministack, service: str) -> Any:
    environment = cloud.environment
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def test_a_clean_stop_keeps_streams_and_objects(tmp_path: Path) -> None:
    with Processes(tmp_path / "logs") as processes:
        cloud = Ministack(processes, state_folder=tmp_path / "state").start()
        client(cloud, "kinesis").create_stream(StreamName="complaints", ShardCount=2)
        client(cloud, "s3").create_bucket(Bucket="predictions")
        client(cloud, "s3").put_object(Bucket="predictions", Key="a/b.csv", Body=b"row")

        cloud.stop()
        cloud.start()

        stream = client(cloud, "kinesis").describe_stream_summary(StreamName="complaints")
        found = client(cloud, "s3").get_object(Bucket="predictions", Key="a/b.csv")["Body"].read()
        assert stream["StreamDescriptionSummary"]["OpenShardCount"] == 2
        assert found == b"row"


def test_it_listens_on_loopback_alone(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        cloud = Ministack(processes).start()

        assert cloud.child is not None
        lines = Path(f"/proc/{cloud.child.pid}/net/tcp").read_text().splitlines()[1:]
        ours = [line.split()[1] for line in lines if line.split()[1].endswith(f":{cloud.port:04X}")]
        assert {address.split(":")[0] for address in ours} == {"0100007F"}


def test_a_port_in_use_stops_the_start(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken, Processes(tmp_path) as processes:
        port = taken.getsockname()[1]

        with pytest.raises(PortInUseError, match=f"ministack cannot start: port {port}"):
            Ministack(processes, port=port).start()
