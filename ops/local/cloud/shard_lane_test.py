from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ops.local.cloud.checkpoints import Checkpoint, MemoryCheckpoints
from ops.local.cloud.kinesis_records import Record, Source
from ops.local.cloud.mapping_clock import FakeClock
from ops.local.cloud.mapping_fakes import (
    EPOCH,
    STREAM_ARN,
    FakeDestination,
    FakeFunction,
    FakeKinesis,
    FakeShard,
    make_records,
)
from ops.local.cloud.mapping_settings import MappingSettings
from ops.local.cloud.mapping_status import MappingStatus
from ops.local.cloud.shard_lane import LaneContext, ShardLane

SHARD = "shardId-000000000000"


@dataclass
class Scene:
    """A shard with records, and everything that a lane needs to read it."""

    records: list[Record]
    function: FakeFunction = field(default_factory=FakeFunction)
    is_closed: bool = True
    faults: Mapping[int, str] = field(default_factory=dict)
    checkpoints: MemoryCheckpoints = field(default_factory=MemoryCheckpoints)
    destination: FakeDestination = field(default_factory=FakeDestination)
    clock: FakeClock = field(default_factory=lambda: FakeClock(EPOCH, stop_after_seconds=60))
    status: MappingStatus = field(default_factory=MappingStatus)

    def run(self, index: int = 0, **settings: Any) -> FakeKinesis:
        shard = FakeShard(self.records, self.is_closed)
        kinesis = FakeKinesis({SHARD: shard}, self.faults)
        context = LaneContext(
            settings=MappingSettings(report_batch_item_failures=True, **settings),
            kinesis=kinesis,
            invoke=self.function,
            function_arn="arn:function",
            checkpoints=self.checkpoints,
            clock=self.clock,
            status=self.status,
            destination=self.destination,
        )
        ShardLane(context, Source(STREAM_ARN, SHARD), index).run()
        return kinesis


def test_records_come_in_order_in_batches_of_the_batch_size() -> None:
    scene = Scene(make_records(7))

    scene.run(batch_size=3)

    assert scene.function.batches == [["1", "2", "3"], ["4", "5", "6"], ["7"]]


def test_a_window_gathers_what_comes_until_it_is_over() -> None:
    scene = Scene(make_records(2), is_closed=False, clock=FakeClock(EPOCH, stop_after_seconds=20))

    scene.run(batch_size=3, maximum_batching_window_seconds=10, poll_interval_seconds=4)

    assert scene.function.batches == [["1", "2"]]
    assert scene.clock.waits[:3] == [4, 4, 2]


def test_the_last_records_of_a_closed_shard_wait_for_no_window() -> None:
    scene = Scene(make_records(2))

    scene.run(batch_size=3, maximum_batching_window_seconds=10)

    assert (scene.function.batches, scene.clock.waits) == ([["1", "2"]], [])


def test_without_a_window_records_go_at_once() -> None:
    scene = Scene(make_records(2), is_closed=False)

    scene.run(batch_size=3)

    assert scene.function.batches == [["1", "2"]]


def test_a_poison_record_is_bisected_down_to_itself_and_the_rest_goes_through() -> None:
    scene = Scene(make_records(8), FakeFunction(poison=frozenset({"5"})))

    scene.run(bisect_batch_on_function_error=True, maximum_retry_attempts=1)

    discarded = [message["KinesisBatchInfo"] for message in scene.destination.messages]
    assert [(info["startSequenceNumber"], info["batchSize"]) for info in discarded] == [("5", 1)]
    delivered = [batch for batch in scene.function.batches if "5" not in batch]
    assert delivered == [["1", "2", "3", "4"], ["6"], ["7", "8"]]


def test_a_reported_poison_record_is_isolated_too() -> None:
    scene = Scene(make_records(8), FakeFunction(failing=frozenset({"3"})))

    scene.run(bisect_batch_on_function_error=True, maximum_retry_attempts=0)

    discarded = [message["KinesisBatchInfo"] for message in scene.destination.messages]
    assert [(info["startSequenceNumber"], info["batchSize"]) for info in discarded] == [("3", 1)]
    assert scene.checkpoints.saved[SHARD].sequence_number == "8"


def test_a_failing_batch_holds_up_its_shard_until_it_succeeds() -> None:
    scene = Scene(make_records(4), FakeFunction(crashes=3))

    scene.run(batch_size=2)

    assert scene.function.batches == [["1", "2"]] * 4 + [["3", "4"]]


def test_a_batch_is_invoked_once_more_than_it_may_be_retried() -> None:
    scene = Scene(make_records(1), FakeFunction(poison=frozenset({"1"})))

    scene.run(maximum_retry_attempts=2)

    assert len(scene.function.batches) == 3
    context = scene.destination.messages[0]["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == (
        "RetryAttemptsExhausted",
        3,
    )


def test_a_batch_that_ages_while_it_is_retried_is_given_up() -> None:
    clock = FakeClock(EPOCH, stop_after_seconds=200)
    scene = Scene(make_records(1), FakeFunction(poison=frozenset({"1"})), clock=clock)

    scene.run(maximum_record_age_seconds=60, retry_backoff_seconds=40, maximum_backoff_seconds=40)

    condition = scene.destination.messages[0]["requestContext"]["condition"]
    assert (condition, len(scene.function.batches)) == ("RecordAgeExceeded", 2)


def test_after_a_partial_failure_only_the_rest_runs_again() -> None:
    function = FakeFunction(failing=frozenset({"3"}))
    scene = Scene(make_records(4), function)

    scene.run(maximum_retry_attempts=1)

    assert function.batches == [["1", "2", "3", "4"], ["3", "4"]]


def test_the_checkpoint_never_passes_a_record_that_is_not_settled() -> None:
    scene = Scene(make_records(4), FakeFunction(failing=frozenset({"3"})))

    scene.run()

    assert scene.checkpoints.saved[SHARD] == Checkpoint("2", is_finished=False)


def test_a_restarted_lane_resumes_behind_its_checkpoint() -> None:
    scene = Scene(make_records(5))
    scene.checkpoints.save(SHARD, Checkpoint("3"))

    scene.run()

    assert scene.function.batches == [["4", "5"]]


def test_lanes_keep_the_order_of_every_key_and_share_all_records() -> None:
    records = [Record(str(n), f"key-{n % 5}", b"", EPOCH) for n in range(1, 101)]
    scenes = [Scene(records) for _ in range(3)]

    for index, scene in enumerate(scenes):
        scene.run(index, parallelization_factor=3, batch_size=7)

    delivered = [[int(name) for batch in s.function.batches for name in batch] for s in scenes]
    assert sorted(n for numbers in delivered for n in numbers) == list(range(1, 101))
    assert all(numbers == sorted(numbers) for numbers in delivered)
    assert sum(len({n % 5 for n in numbers}) for numbers in delivered) == 5


def test_an_expired_iterator_is_replaced_where_reading_stopped() -> None:
    scene = Scene(make_records(3), is_closed=False, faults={2: "ExpiredIteratorException"})
    scene.checkpoints.save(SHARD, Checkpoint("1"))

    kinesis = scene.run()

    assert scene.function.batches == [["2", "3"]]
    assert [p["StartingSequenceNumber"] for p in kinesis.positions] == ["1", "3"]


def test_latest_means_since_the_mapping_was_created_even_after_a_restart() -> None:
    missed, after = make_records(2, EPOCH - 10)[0], make_records(2, EPOCH + 10)[1]
    scene = Scene([missed, after])
    scene.checkpoints.created_at(EPOCH)

    scene.run(starting_position="LATEST")

    assert scene.function.batches == [["2"]]


def test_a_start_at_a_time_passes_over_what_came_before() -> None:
    before, after = make_records(2, EPOCH - 10)[0], make_records(2, EPOCH + 10)[1]
    scene = Scene([before, after])

    scene.run(starting_position="AT_TIMESTAMP", starting_position_timestamp=EPOCH)

    assert scene.function.batches == [["2"]]


def test_a_lane_that_is_read_out_is_finished_for_good() -> None:
    scene = Scene(make_records(2))

    scene.run()

    assert scene.checkpoints.saved[SHARD] == Checkpoint("2", is_finished=True)


def test_the_status_accounts_for_every_record() -> None:
    scene = Scene(make_records(8), FakeFunction(poison=frozenset({"5"})))

    scene.run(bisect_batch_on_function_error=True, maximum_retry_attempts=1)

    totals = scene.status.totals
    assert (totals.records_read, totals.records_settled, totals.records_discarded) == (8, 8, 1)
    assert (totals.splits, totals.retries) == (3, 1)
    assert scene.status.is_caught_up
