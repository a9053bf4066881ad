"""The consumer on the local cloud: real processes, to be killed, around a model without a model."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from click.testing import CliRunner, Result

from libs.events.prediction_log import PredictionRow, first_decisions, read_prediction_log
from libs.events.rejected import RejectedRecord, read_rejected_record
from ops.local.cloud.ministack import Ministack
from ops.local.cloud.processes import (
    LOOPBACK,
    Child,
    Processes,
    ProcessSpec,
    free_port,
)
from ops.local.cloud.sagemaker_shim import SagemakerShim
from services.stream_consumer.main import cli

ENDPOINT = "complaints"
_TICK_SECONDS = 0.1


class LocalCloud:
    """What the tests share: emulated AWS, an endpoint, and its container, which may be killed."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        self.processes = processes
        self.cloud = Ministack(processes, state_folder=folder).start()
        self.container_port = free_port()
        self.container = self.start_container()
        self.shim = SagemakerShim(processes, {ENDPOINT: self.container_port}).start()
        self.kinesis, self.s3, self.sqs = (self._client(name) for name in ("kinesis", "s3", "sqs"))

    def _client(self, name: Any) -> Any:
        return boto3.client(
            name,
            endpoint_url=self.cloud.endpoint_url,
            region_name=self.cloud.region,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def close(self) -> None:
        """Close the connections; the processes end with `Processes`."""
        for client in (self.kinesis, self.s3, self.sqs):
            client.close()

    def start_container(self) -> Child:
        """Start the container, or start it anew on the same port."""
        spec = ProcessSpec(
            "container",
            module="tests.chaos.stub_container",
            arguments=[str(self.container_port)],
        )
        child = self.processes.start(spec)
        child.wait_until_ready(self._container_answers)
        return child

    def restart(self, part: str) -> None:
        """End a part as kill -9 does, the cloud by SIGTERM, on which it persists; start it anew."""
        if part == "container":
            self.container.kill()
            self.container = self.start_container()
        elif part == "endpoint" and self.shim.child is not None:
            self.shim.child.kill()
            self.shim.start()
        elif part == "cloud":
            self.cloud.stop()
            self.cloud.start()

    def _container_answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self.container_port}/ping", timeout=2):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


class Scene:
    """One test's stream, bucket, queue and mapping."""

    def __init__(self, local: LocalCloud, folder: Path, name: str) -> None:
        self.local = local
        self.folder = folder
        self.mapping: Child | None = None
        self.stream = self.bucket = name
        self.environment = {
            **local.cloud.environment,
            **local.shim.environment,
            "ENDPOINT_NAME": ENDPOINT,
            "LOG_BUCKET": self.bucket,
        }
        local.kinesis.create_stream(StreamName=name, ShardCount=2)
        local.s3.create_bucket(Bucket=name)
        self.queue_url = local.sqs.create_queue(QueueName=name)["QueueUrl"]

    def close(self) -> None:
        """Stop the mapping."""
        if self.mapping is not None:
            self.mapping.kill()

    def start_mapping(self, *options: str) -> Child:
        """Start the poller, or start it anew from its checkpoints."""
        self.mapping = self.local.processes.start(
            ProcessSpec(
                f"mapping-{self.stream}",
                module="ops.local.cloud.event_source_mapping",
                arguments=[
                    *("--stream", self.stream, "--state", str(self.folder / "mapping")),
                    *("--handler", "services.stream_consumer.handler.handler"),
                    *(
                        "--metrics-file",
                        str(self.folder / "status.json"),
                        "--poll-interval",
                        "0.05",
                    ),
                    *("--on-failure-queue-url", self.queue_url, *options),
                ],
                environment=self.environment,
            )
        )
        return self.mapping

    def put(self, records: dict[str, bytes]) -> None:
        """Put records on the stream by partition key."""
        items = [{"PartitionKey": key, "Data": data} for key, data in records.items()]
        answer = self.local.kinesis.put_records(StreamName=self.stream, Records=items)
        assert answer["FailedRecordCount"] == 0

    def run(self, *arguments: str) -> Result:
        """Run the operator's command line."""
        return CliRunner().invoke(cli, arguments, env=self.environment, catch_exceptions=False)

    def objects(self, prefix: str) -> dict[str, bytes]:
        """Return the objects whose names begin so."""
        pages = self.local.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix
        )
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return {
            key: self.local.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            for key in keys
        }

    def rows(self) -> list[PredictionRow]:
        """Return the log as its reader sees it."""
        return first_decisions(
            row
            for key, content in self.objects("predictions/").items()
            for row in read_prediction_log(content, key)
        )

    def rejected(self) -> list[RejectedRecord]:
        """Return what was rejected."""
        return [read_rejected_record(content) for content in self.objects("rejected/").values()]

    def status(self) -> dict[str, Any]:
        """Return the mapping's status."""
        path = self.folder / "status.json"
        return json.loads(path.read_text()) if path.exists() else {"totals": {}}

    def wait_until(self, is_so: Callable[[], bool], child: Child, seconds: float = 60) -> None:
        """Wait until something is so, as long as `child` lives."""
        for _ in range(int(seconds / _TICK_SECONDS)):
            if is_so():
                return
            code = child.wait(_TICK_SECONDS)
            assert code is None, child.tail()
        raise AssertionError(f"not within {seconds} s: {child.tail()}")
