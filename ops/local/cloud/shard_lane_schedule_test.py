"""Seeded schedules of crashes, failures and kills: every record is accounted for."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Mapping
from typing import Any

import pytest

from ops.local.cloud.checkpoints import MemoryCheckpoints
from ops.local.cloud.kinesis_records import Source
from ops.local.cloud.lambda_function import InvocationResult
from ops.local.cloud.mapping_clock import FakeClock
from ops.local.cloud.mapping_fakes import (
    STREAM_ARN,
    FakeDestination,
    FakeKinesis,
    FakeShard,
    answered,
    failed,
    make_records,
)
from ops.local.cloud.mapping_settings import MappingSettings
from ops.local.cloud.mapping_status import MappingStatus
from ops.local.cloud.shard_lane import LaneContext, ShardLane

SHARD = "shardId-000000000000"
RECORDS = 40


class KilledError(Exception):
    """The poller was killed at this point."""


class UnreliableFunction:
    """Succeeds, fails, reports some failures, or is killed with its poller, as the seed has it."""

    def __init__(self, rng: random.Random) -> None:
        self.succeeded: set[str] = set()
        self._rng = rng
        self._poison = {str(n) for n in range(1, RECORDS + 1) if rng.random() < 0.1}

    def __call__(self, event: Mapping[str, Any]) -> InvocationResult:
        batch = [record["kinesis"]["sequenceNumber"] for record in event["Records"]]
        fate = self._rng.random()
        if fate < 0.05:
            raise KilledError
        if fate < 0.15:
            return failed()
        bad = [name for name in batch if name in self._poison or self._rng.random() < 0.05]
        good = batch[: batch.index(bad[0])] if bad else batch
        self.succeeded.update(good)
        if self._rng.random() < 0.05:
            raise KilledError
        return answered({"batchItemFailures": [{"itemIdentifier": name} for name in bad]})


def run_until_read_out(context: LaneContext) -> list[str]:
    """Run the lane, starting it again after every kill; return all checkpoints in order."""
    checkpoints = []
    while not context.checkpoints.load(SHARD).is_finished:
        with contextlib.suppress(KilledError):
            ShardLane(context, Source(STREAM_ARN, SHARD)).run()
        checkpoints.append(context.checkpoints.load(SHARD).sequence_number or "0")
    return checkpoints


@pytest.mark.parametrize("seed", range(200))
def test_every_record_succeeds_or_is_reported_and_no_checkpoint_goes_back(seed: int) -> None:
    rng = random.Random(seed)
    function, destination = UnreliableFunction(rng), FakeDestination()
    context = LaneContext(
        settings=MappingSettings(
            batch_size=rng.randint(1, 20),
            bisect_batch_on_function_error=rng.random() < 0.5,
            maximum_retry_attempts=rng.randint(0, 3),
            report_batch_item_failures=True,
        ),
        kinesis=FakeKinesis({SHARD: FakeShard(make_records(RECORDS))}),
        invoke=function,
        function_arn="arn:function",
        checkpoints=MemoryCheckpoints(),
        clock=FakeClock(stop_after_seconds=1e9),
        status=MappingStatus(),
        destination=destination,
    )

    checkpoints = [int(name) for name in run_until_read_out(context)]

    missing = {str(n) for n in range(1, RECORDS + 1)} - function.succeeded - reported(destination)
    assert missing == set()
    assert checkpoints == sorted(checkpoints)
    assert checkpoints[-1] == RECORDS


def reported(destination: FakeDestination) -> set[str]:
    ranges = [message["KinesisBatchInfo"] for message in destination.messages]
    return {
        str(n)
        for info in ranges
        for n in range(int(info["startSequenceNumber"]), int(info["endSequenceNumber"]) + 1)
    }
