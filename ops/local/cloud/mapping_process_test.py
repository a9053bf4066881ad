"""The mapping as a process of its own: real streams, real runtime client, real kill -9."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from ops.local.cloud.echo_function import DELIVERIES_VARIABLE
from ops.local.cloud.ministack import Ministack
from ops.local.cloud.processes import Child, Processes, ProcessSpec

_numbers = count(1)


@dataclass
class Scene:
    """A stream, a folder for the mapping's state, and the file of what the function was given."""

    processes: Processes
    cloud: Ministack
    kinesis: Any
    folder: Path
    stream: str

    def put(self, records: int) -> None:
        for start in range(0, records, 500):
            items = [
                {"Data": b"{}", "PartitionKey": f"key-{n}"}
                for n in range(start, min(start + 500, records))
            ]
            self.kinesis.put_records(StreamName=self.stream, Records=items)

    def start(self, *options: str) -> Child:
        handler = "ops.local.cloud.echo_function.handler"
        files = ["--state", str(self.folder), "--metrics-file", str(self.folder / "status.json")]
        return self.processes.start(
            ProcessSpec(
                f"mapping-{self.stream}",
                module="ops.local.cloud.event_source_mapping",
                arguments=["--stream", self.stream, "--handler", handler, *files, *options],
                environment=self.cloud.environment | {DELIVERIES_VARIABLE: str(self.deliveries)},
            )
        )

    @property
    def deliveries(self) -> Path:
        return self.folder / "deliveries.txt"

    def delivered(self) -> list[tuple[str, str]]:
        """Return event id and key of every delivered record, repeats included."""
        if not self.deliveries.exists():
            return []
        lines = self.deliveries.read_text().splitlines()
        return [(line.split()[0], line.split()[1]) for line in lines if " " in line]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Processes, Ministack]]:
    with Processes(tmp_path_factory.mktemp("logs")) as processes:
        yield processes, Ministack(processes).start()


@pytest.fixture
def scene(cloud: tuple[Processes, Ministack], tmp_path: Path) -> Iterator[Scene]:
    processes, ministack = cloud
    kinesis = boto3.client(
        "kinesis",
        endpoint_url=ministack.endpoint_url,
        region_name=ministack.region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    stream = f"complaints-{next(_numbers)}"
    kinesis.create_stream(StreamName=stream, ShardCount=2)
    yield Scene(processes, ministack, kinesis, tmp_path, stream)
    kinesis.close()


def test_every_record_is_delivered_once_and_in_the_order_of_its_shard(scene: Scene) -> None:
    scene.put(250)

    mapping = scene.start("--batch-size", "20")
    mapping.wait_until_ready(lambda: len(scene.delivered()) >= 250)

    assert mapping.stop() == 0
    event_ids = [event_id for event_id, _ in scene.delivered()]
    assert len(set(event_ids)) == len(event_ids) == 250
    for shard in {event_id.split(":")[0] for event_id in event_ids}:
        in_shard = [event_id for event_id in event_ids if event_id.startswith(shard)]
        assert in_shard == sorted(in_shard)


def test_a_killed_mapping_resumes_and_loses_nothing(scene: Scene) -> None:
    scene.put(2000)
    first = scene.start("--batch-size", "1")
    first.wait_until_ready(lambda: len(scene.delivered()) >= 50)

    first.kill()
    before = len(scene.delivered())
    second = scene.start("--batch-size", "100")
    second.wait_until_ready(lambda: len({key for _, key in scene.delivered()}) >= 2000)

    assert before < 2000
    assert second.stop() == 0
    repeated = len(scene.delivered()) - 2000
    assert repeated <= 2  # At most the batch under way in each of two shards.


def test_a_stop_leaves_no_runtime_process_and_a_last_status(scene: Scene) -> None:
    scene.put(10)
    mapping = scene.start()
    mapping.wait_until_ready(lambda: len(scene.delivered()) >= 10)

    mapping.stop()

    status = json.loads((scene.folder / "status.json").read_text())
    assert status["totals"]["records_settled"] == 10
    assert runtimes_noting(scene.deliveries) == []


def test_a_setting_out_of_bounds_stops_the_start_with_one_sentence(scene: Scene) -> None:
    mapping = scene.start("--batch-size", "0")

    code = mapping.wait(30)

    assert code == 2
    assert mapping.tail().strip() == "batch_size is 0, expected a number from 1 to 10000"


def runtimes_noting(deliveries: Path) -> list[str]:
    """Return the live processes whose environment names the deliveries file."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(deliveries).encode() in environment.read_bytes():
                found.append(environment.parent.name)
        except OSError:
            continue
    return found
