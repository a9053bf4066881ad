"""Serving, local cloud and mapping as processes, for one measurement."""

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from rich.progress import Progress

from libs.events.complaint import ComplaintEvent
from libs.events.prediction_log import PredictionRow, read_prediction_log
from ops.bench.serving.servers import BenchError, serve_artifact
from ops.local.cloud.ministack import Ministack
from ops.local.cloud.processes import Child, Processes, ProcessSpec
from ops.local.cloud.sagemaker_shim import SagemakerShim

STREAM, BUCKET, ENDPOINT = "complaints", "complaints-log", "complaints"
_SHARDS = 2
_PUT_LIMIT = 500
_STALL_SECONDS = 120.0


class Scene:
    """One stream and one bucket, and the function between them."""

    def __init__(
        self, artifact: Path, folder: Path, processes: Processes, stack: ExitStack
    ) -> None:
        self._artifact = artifact
        self._folder = folder
        self._processes = processes
        self._stack = stack
        self._server = stack.enter_context(serve_artifact(artifact))
        self._cloud = Ministack(processes, state_folder=folder / "cloud").start()
        self._shim = SagemakerShim(processes, {ENDPOINT: self._server.port}).start()
        self.kinesis, self.s3 = self._client("kinesis"), self._client("s3")
        self.kinesis.create_stream(StreamName=STREAM, ShardCount=_SHARDS)
        self.s3.create_bucket(Bucket=BUCKET)

    @property
    def serving_port(self) -> int:
        return self._server.port

    def _client(self, name: Any) -> Any:
        return boto3.client(
            name,
            endpoint_url=self._cloud.endpoint_url,
            region_name=self._cloud.region,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def put(self, narratives: Sequence[str], first: int = 0) -> None:
        """Put complaints on the stream now."""
        now = datetime.now(UTC)
        events = [
            ComplaintEvent(f"c-{number}", narrative, now)
            for number, narrative in enumerate(narratives, start=first)
        ]
        for begin in range(0, len(events), _PUT_LIMIT):
            records = [
                {"PartitionKey": event.partition_key, "Data": event.to_json()}
                for event in events[begin : begin + _PUT_LIMIT]
            ]
            answer = self.kinesis.put_records(StreamName=STREAM, Records=records)
            if answer["FailedRecordCount"]:
                raise BenchError(f"the stream refused {answer['FailedRecordCount']} records")

    def start_mapping(self, batch_size: int) -> Child:
        """Start the poller with the function."""
        handler = "services.stream_consumer.handler.handler"
        return self._processes.start(
            ProcessSpec(
                "mapping",
                module="ops.local.cloud.event_source_mapping",
                arguments=[
                    *("--stream", STREAM, "--handler", handler, "--state", str(self._folder)),
                    *("--metrics-file", str(self._folder / "status.json")),
                    *("--batch-size", str(batch_size), "--bisect", "--retries", "10"),
                ],
                environment={
                    **self._cloud.environment,
                    **self._shim.environment,
                    "ENDPOINT_NAME": ENDPOINT,
                    "LOG_BUCKET": BUCKET,
                },
            )
        )

    def restart_serving(self) -> None:
        """Kill the serving processes as kill -9 does, and start others behind the endpoint."""
        os.killpg(self._server.process.pid, signal.SIGKILL)
        self._server.process.wait()
        self._server = self._stack.enter_context(serve_artifact(self._artifact))
        self._shim.route(ENDPOINT, self._server.port)

    def restart_endpoint(self) -> None:
        """Kill what stands for the SageMaker runtime as kill -9 does, and start it again."""
        if self._shim.child is not None:
            self._shim.child.kill()
        self._shim.start()

    def restart_cloud(self) -> None:
        """Stop streams and buckets as SIGTERM does, which is what they persist on; start again."""
        self._cloud.stop()
        self._cloud.start()

    def wait_until_settled(self, count: int, mapping: Child, progress: Progress) -> None:
        """Wait until the mapping has settled `count` records; BenchError when it stalls."""
        task = progress.add_task("settled", total=count)
        settled, changed_at = 0, time.monotonic()
        while settled < count:
            if mapping.wait(0.05) is not None or time.monotonic() - changed_at > _STALL_SECONDS:
                raise BenchError(f"stopped at {settled} of {count}: {mapping.tail()[-500:]}")
            now_settled = self._settled()
            if now_settled != settled:
                settled, changed_at = now_settled, time.monotonic()
                progress.update(task, completed=settled)

    def _settled(self) -> int:
        path = self._folder / "status.json"
        totals = json.loads(path.read_text())["totals"] if path.exists() else {}
        return int(totals.get("records_settled", 0))

    def rows(self) -> list[PredictionRow]:
        """Return every row of the log, repeats included."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return [row for key in keys for row in read_prediction_log(self._read(key), key)]

    def _read(self, key: str) -> bytes:
        content: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content

    def log_lines(self) -> list[dict[str, Any]]:
        """Return what the function logged: its lines and its metrics."""
        text = (self._folder / "logs" / "lambda-stream-consumer.log").read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@contextmanager
def open_scene(artifact: Path, folder: Path) -> Iterator[Scene]:
    """Start everything; on leaving, every process is stopped."""
    with ExitStack() as stack, Processes(folder / "logs") as processes:
        yield Scene(artifact, folder, processes, stack)
