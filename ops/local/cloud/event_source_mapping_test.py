"""Which lanes start when: with fakes, and with a stream of moto's, whose lineage is right."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ops.local.cloud.checkpoints import Checkpoint, MemoryCheckpoints
from ops.local.cloud.event_source_mapping import EventSourceMapping
from ops.local.cloud.lambda_function import InvocationResult
from ops.local.cloud.mapping_clock import FakeClock, StoppableClock
from ops.local.cloud.mapping_fakes import FakeFunction, FakeKinesis, FakeShard, make_records
from ops.local.cloud.mapping_settings import MappingSettings
from ops.local.cloud.mapping_status import MappingStatus
from ops.local.cloud.processes import LOOPBACK
from ops.local.cloud.shard_lane import LaneContext


def context_for(kinesis: Any, checkpoints: MemoryCheckpoints, **changes: Any) -> LaneContext:
    values: dict[str, Any] = {
        "settings": MappingSettings(report_batch_item_failures=True, poll_interval_seconds=0.01),
        "invoke": FakeFunction(),
        "function_arn": "arn:function",
        "clock": FakeClock(),
        "status": MappingStatus(),
    }
    return LaneContext(kinesis=kinesis, checkpoints=checkpoints, **(values | changes))


def lanes_of(mapping: EventSourceMapping) -> list[str]:
    return [lane.name for lane in mapping.next_lanes()]


def split_stream() -> FakeKinesis:
    return FakeKinesis(
        {
            "shard-0": FakeShard(make_records(1)),
            "shard-1": FakeShard(make_records(1), parents=("shard-0",)),
        }
    )


def test_a_child_shard_starts_only_after_its_parent_is_settled() -> None:
    checkpoints = MemoryCheckpoints()
    mapping = EventSourceMapping(context_for(split_stream(), checkpoints), "complaints")
    before = lanes_of(mapping)

    checkpoints.save("shard-0", Checkpoint("1", is_finished=True))

    assert (before, lanes_of(mapping)) == (["shard-0"], ["shard-1"])


def test_a_child_waits_for_every_lane_of_its_parent() -> None:
    checkpoints, settings = MemoryCheckpoints(), MappingSettings(parallelization_factor=2)
    context = context_for(split_stream(), checkpoints, settings=settings)
    mapping = EventSourceMapping(context, "complaints")

    checkpoints.save("shard-0.0of2", Checkpoint("1", is_finished=True))
    half = lanes_of(mapping)
    checkpoints.save("shard-0.1of2", Checkpoint("1", is_finished=True))

    assert (half, lanes_of(mapping)) == (["shard-0.1of2"], ["shard-1.0of2", "shard-1.1of2"])


def test_a_finished_shard_is_not_read_again_after_a_restart() -> None:
    checkpoints = MemoryCheckpoints()
    checkpoints.save("shard-0", Checkpoint("1", is_finished=True))
    checkpoints.save("shard-1", Checkpoint("1", is_finished=True))

    mapping = EventSourceMapping(context_for(split_stream(), checkpoints), "complaints")

    assert lanes_of(mapping) == []


class StopAfter:
    """A function that keeps what it is given and asks for a stop after a number of records."""

    def __init__(self, count: int) -> None:
        self.stop = threading.Event()
        self.keys: list[str] = []
        self._count = count

    def __call__(self, event: Any) -> InvocationResult:
        self.keys += [record["kinesis"]["partitionKey"] for record in event["Records"]]
        if len(self.keys) >= self._count:
            self.stop.set()
        return InvocationResult("request-1", {"batchItemFailures": []}, None, 0.0)


@pytest.fixture(scope="module")
def kinesis() -> Iterator[Any]:
    server = ThreadedMotoServer(LOOPBACK, port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "kinesis",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    yield client
    client.close()
    server.stop()


def test_a_stream_split_in_flight_is_delivered_once_and_parents_first(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="split", ShardCount=1)
    put(kinesis, "split", "parent", 20)
    kinesis.split_shard(
        StreamName="split",
        ShardToSplit="shardId-000000000000",
        NewStartingHashKey=str(2**127),
    )
    put(kinesis, "split", "child", 20)
    function = StopAfter(40)
    clock = StoppableClock(function.stop)

    context = context_for(kinesis, MemoryCheckpoints(), invoke=function, clock=clock)
    EventSourceMapping(context, "split").run()

    assert function.keys[:20] == [f"parent-{n}" for n in range(20)]
    assert sorted(function.keys[20:]) == sorted(f"child-{n}" for n in range(20))


def put(kinesis: Any, stream: str, prefix: str, count: int) -> None:
    for n in range(count):
        kinesis.put_record(StreamName=stream, Data=b"{}", PartitionKey=f"{prefix}-{n}")
