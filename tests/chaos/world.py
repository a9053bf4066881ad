"""The consumer under the real poller, with everything around it failing by a schedule.

One thread, pretended time: a run is repeated exactly by its seed.
"""

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from libs.events.invocations import InvocationsResponse, read_invocations_response
from libs.events.prediction_log import first_decisions, read_prediction_log
from libs.events.rejected import RejectedRecord, read_rejected_record
from ops.local.cloud.checkpoints import Checkpoint, MemoryCheckpoints
from ops.local.cloud.event_source_mapping import EventSourceMapping
from ops.local.cloud.lambda_function import InvocationResult
from ops.local.cloud.mapping_status import MappingStatus
from ops.local.cloud.shard_lane import LaneContext, lane_name
from services.stream_consumer.batching import CallLimits
from services.stream_consumer.classify import Classifier
from services.stream_consumer.clock import Backoff
from services.stream_consumer.consume import Consumer
from services.stream_consumer.errors import TransientError
from services.stream_consumer.kinesis_event import read_kinesis_event
from services.stream_consumer.record_store import RecordStore
from services.stream_consumer.redact import Redactor
from services.stream_consumer.redrive import read_failed_batch, redrive
from services.stream_consumer.testing.fakes import (
    FakeClock,
    FakeEndpoint,
    InlineCalls,
    MemoryStore,
)
from tests.chaos.schedule import Killed, Schedule
from tests.chaos.stream import NAME, STARTED_AT, FakeStream, build_stream

_MAX_ROUNDS = 3000


class World:
    """Stream, poller, consumer, endpoint and bucket of one run."""

    def __init__(self, schedule: Schedule, stream: FakeStream | None = None) -> None:
        self.schedule = schedule
        self.stream = stream or build_stream(schedule.random)
        self.clock = FakeClock(datetime.fromtimestamp(STARTED_AT, UTC))
        self.bucket = MemoryStore()
        self.destination: list[dict[str, Any]] = []
        self.deliveries: list[Mapping[str, Any]] = []
        self.invocations = 0
        self._is_repeating = False
        self._steps_left = 0
        calls, backoff = InlineCalls(self.clock), Backoff(random.Random(schedule.seed))
        limits = CallLimits(schedule.max_items_per_call, 2**20)
        endpoint = FaultyEndpoint(self)
        self.consumer = Consumer(
            Classifier(endpoint, calls, limits, self.clock, backoff),
            RecordStore(FaultyStore(self), calls, self.clock, backoff),
            Redactor(),
            self.clock,
            reserve_seconds=10,
        )
        self._checkpoints = FaultyCheckpoints(self)
        self._context = LaneContext(
            settings=schedule.mapping_settings(),
            kinesis=FaultyKinesis(self),
            invoke=self.invoke,
            function_arn="arn",
            checkpoints=self._checkpoints,
            clock=self,
            status=MappingStatus(),
            destination=self,
        )

    # What happens

    def run(self) -> None:
        """Poll until every shard is read out, then redrive what was given up."""
        for count in range(_MAX_ROUNDS):
            if count == _MAX_ROUNDS // 2:
                self.schedule.budget = 0
            try:
                self._poll()
            except Killed:
                continue
            if self._is_read_out():
                return self._redrive()
        raise AssertionError("the poller never came to the end of the stream")

    def _poll(self) -> None:
        """Let a new poller work on one lane for a while."""
        lanes = EventSourceMapping(self._context, NAME).next_lanes()
        self._steps_left = self.schedule.random.randint(1, 60)
        if lanes:
            self.schedule.random.choice(lanes).run()

    def _is_read_out(self) -> bool:
        lanes = self._context.settings.parallelization_factor
        return all(
            self._checkpoints.load(lane_name(shard, lane, lanes)).is_finished
            for shard in self.stream.shards
            for lane in range(lanes)
        )

    def _redrive(self) -> None:
        self.schedule.budget = 0
        for message in self.destination:
            batch = read_failed_batch(json.dumps(message))
            assert redrive(batch, self.stream, self.consumer, lambda: 900.0).is_settled

    def invoke(self, event: Mapping[str, Any]) -> InvocationResult:
        """Run the function on an event, as Lambda would."""
        self.invocations += 1
        end = self.clock.elapsed + self.schedule.invocation_seconds
        self.deliveries.append(event)
        try:
            outcome = self.consumer.consume(
                read_kinesis_event(event), "", lambda: end - self.clock.elapsed
            )
            assert self.clock.elapsed < end, "the clock ended an invocation"
            self.may_kill()
        except Killed:
            return InvocationResult("id", {"errorType": "Killed"}, "Unhandled", 0.0)
        return InvocationResult("id", outcome.response(), None, 0.0)

    # What goes wrong

    def may_kill(self) -> None:
        """End the process here, perhaps."""
        if self.schedule.strikes(self.schedule.odds.kill):
            raise Killed

    def disturb(self) -> None:
        """Kill, delay, or let another delivery of old records come in between, perhaps."""
        self.may_kill()
        if self.schedule.strikes(self.schedule.odds.slow):
            self.clock.sleep(self.schedule.random.choice([0.5, 3.0, 30.0]))
        if not self._is_repeating and self.schedule.strikes(self.schedule.odds.repeat):
            self._repeat()

    def may_fail(self) -> None:
        """Raise a fault that passes, perhaps."""
        if self.schedule.strikes(self.schedule.odds.fault):
            is_suspect = self.schedule.random.random() < 0.5
            raise TransientError("503 or lost connection", is_suspect)

    def _repeat(self) -> None:
        """Deliver old records once more, some of them, in any order."""
        records = list(self.schedule.random.choice(self.deliveries)["Records"])
        self.schedule.random.shuffle(records)
        before = self.clock.elapsed
        self._is_repeating = True
        self.invoke({"Records": records[self.schedule.random.randrange(len(records)) :]})
        self._is_repeating = False
        self.clock.elapsed = before

    # The poller's clock and its on-failure destination

    def now(self) -> float:
        """Return the pretended Unix seconds."""
        return STARTED_AT + self.clock.elapsed

    def wait(self, seconds: float) -> None:
        """Jump ahead."""
        self.clock.sleep(seconds)

    def is_stopped(self) -> bool:
        """Stop the poller every now and then; it resumes from its checkpoints."""
        self._steps_left -= 1
        return self._steps_left < 0

    def send(self, message: dict[str, Any]) -> None:
        """Take an on-failure message."""
        self.may_kill()
        self.destination.append(message)
        self.may_kill()

    # What came of it

    def logged(self) -> list[str]:
        """Return the event ids that the reader sees."""
        return [
            row.event_id
            for row in first_decisions(
                row
                for key, content in self.bucket.objects.items()
                if key.startswith("predictions/")
                for row in read_prediction_log(content, key)
            )
        ]

    def rejected(self) -> list[RejectedRecord]:
        """Return what was kept as rejected."""
        return [
            read_rejected_record(content)
            for key, content in self.bucket.objects.items()
            if key.startswith("rejected/")
        ]


class FaultyEndpoint:
    """The endpoint, out of order."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._endpoint = FakeEndpoint()

    def invoke(self, body: bytes, trace_id: str) -> bytes:
        """Answer; or not, or too late, or in part."""
        self._world.disturb()
        self._world.may_fail()
        answer = self._endpoint.invoke(body, trace_id)
        self._world.clock.sleep(0.01 * self._endpoint.sizes[-1])
        self._world.disturb()
        self._world.may_fail()
        schedule = self._world.schedule
        return (
            garbled(answer, schedule.random) if schedule.strikes(schedule.odds.garble) else answer
        )


class FaultyStore:
    """The bucket, out of order: an error may come before the deed or after it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def put_new(self, key: str, content: bytes) -> bool:
        """Write unless the name is taken."""
        self._world.disturb()
        self._world.may_fail()
        is_new = self._world.bucket.put_new(key, content)
        self._world.disturb()
        self._world.may_fail()
        return is_new

    def get(self, key: str) -> bytes | None:
        """Return the object."""
        self._world.disturb()
        self._world.may_fail()
        return self._world.bucket.get(key)


class FaultyKinesis:
    """The stream, out of order."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        schedule = self._world.schedule
        self._world.may_kill()
        if schedule.strikes(schedule.odds.fault):
            raise ClientError({"Error": {"Code": "Throttled"}}, name)
        return getattr(self._world.stream, name)


class FaultyCheckpoints(MemoryCheckpoints):
    """Checkpoints whose keeper may die before or after keeping one."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def save(self, lane: str, checkpoint: Checkpoint) -> None:
        """Replace the lane's checkpoint."""
        self._world.may_kill()
        super().save(lane, checkpoint)
        self._world.may_kill()


def garbled(answer: bytes, dice: random.Random) -> bytes:
    """Return an answer that lacks items, repeats them, mixes them up, or is none at all."""
    response = read_invocations_response(answer)
    items = [item for item in response.predictions if dice.random() < 0.7]
    items += items[: dice.randint(0, 2)]
    dice.shuffle(items)
    partial = InvocationsResponse(items, response.model).to_json()
    unknown_label = partial.replace(b"credit_card", b"payday", 1)
    return dice.choice([partial, unknown_label, answer[: len(answer) // 2], b"<html>", b"{}"])
