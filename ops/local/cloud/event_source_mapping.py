"""The Kinesis event source mapping of Lambda: reads a stream's shards and invokes a function.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html. This module finds the shards, gives
each lane its thread, and is the command line; shard_lane reads, batching and batch_outcome decide.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import click
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ops.local.cloud.checkpoints import FileCheckpoints
from ops.local.cloud.errors import LocalCloudError
from ops.local.cloud.failure_destination import SqsDestination
from ops.local.cloud.kinesis_records import Source
from ops.local.cloud.lambda_function import FunctionSettings, LambdaFunction
from ops.local.cloud.mapping_clock import StoppableClock
from ops.local.cloud.mapping_settings import UNLIMITED, MappingSettings
from ops.local.cloud.mapping_status import MappingStatus
from ops.local.cloud.processes import Processes
from ops.local.cloud.shard_lane import LaneContext, ShardLane, lane_name
from ops.local.cloud.shard_order import readable_shards

_LIST_EVERY_SECONDS = 1.0
_log = logging.getLogger(__name__)


class EventSourceMapping:
    """One mapping from a stream to a function."""

    def __init__(self, context: LaneContext, stream_name: str) -> None:
        self._context = context
        self._stream_name = stream_name
        self._running: dict[str, tuple[ShardLane, threading.Thread]] = {}

    def run(self) -> None:
        """Work until the context's clock says stop; every lane has ended when this returns.

        A lane that ended by a fault is started again, from its checkpoint.
        """
        self._context.checkpoints.created_at(self._context.clock.now())
        while not self._context.clock.is_stopped():
            for lane in self.next_lanes():
                thread = threading.Thread(target=lane.run, name=lane.name)
                self._running[lane.name] = (lane, thread)
                thread.start()
            self._context.status.write()
            self._context.clock.wait(_LIST_EVERY_SECONDS)
        for _, thread in self._running.values():
            thread.join()
        self._context.status.write(is_last=True)

    def next_lanes(self) -> list[ShardLane]:
        """Return new lanes for the shards that may be read and are not being read."""
        try:
            stream_arn, shards = self._list_shards()
        except (ClientError, BotoCoreError) as error:
            _log.warning("cannot list the shards of %s: %s", self._stream_name, error)
            return []
        self._abandon_expired({shard["ShardId"] for shard in shards})
        finished = {shard["ShardId"] for shard in shards if self._is_finished(shard["ShardId"])}
        return [
            ShardLane(self._context, Source(stream_arn, shard_id), index)
            for shard_id in readable_shards(shards, finished)
            for index, name in enumerate(self._lane_names(shard_id))
            if not self._is_running(name) and not self._context.checkpoints.load(name).is_finished
        ]

    def _list_shards(self) -> tuple[str, Sequence[Mapping[str, Any]]]:
        kinesis = self._context.kinesis
        summary = kinesis.describe_stream_summary(StreamName=self._stream_name)
        stream_arn = summary["StreamDescriptionSummary"]["StreamARN"]
        answer = kinesis.list_shards(StreamName=self._stream_name)
        shards = list(answer["Shards"])
        while answer.get("NextToken"):
            answer = kinesis.list_shards(NextToken=answer["NextToken"])
            shards += answer["Shards"]
        return stream_arn, shards

    def _abandon_expired(self, listed: set[str]) -> None:
        for lane, _ in self._running.values():
            if lane.shard_id not in listed:
                lane.abandon()

    def _is_running(self, name: str) -> bool:
        return name in self._running and self._running[name][1].is_alive()

    def _is_finished(self, shard_id: str) -> bool:
        load = self._context.checkpoints.load
        return all(load(name).is_finished for name in self._lane_names(shard_id))

    def _lane_names(self, shard_id: str) -> list[str]:
        lanes = self._context.settings.parallelization_factor
        return [lane_name(shard_id, index, lanes) for index in range(lanes)]


@click.command()
@click.option("--stream", required=True, help="Name of the Kinesis stream.")
@click.option("--handler", required=True, help="The function: package.module.function.")
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder for checkpoints and logs.",
)
@click.option(
    "--metrics-file", type=click.Path(path_type=Path), help="JSON file to keep the status in."
)
@click.option(
    "--function-name", default="stream-consumer", show_default=True, help="Name of the function."
)
@click.option(
    "--function-timeout", default=60.0, show_default=True, help="Seconds an invocation may take."
)
@click.option(
    "--init-timeout", default=10.0, show_default=True, help="Seconds a cold start may take."
)
@click.option(
    "--task-root", type=click.Path(path_type=Path), help="Folder of the unpacked function."
)
@click.option("--batch-size", default=100, show_default=True, help="Records in a batch, at most.")
@click.option("--window", default=0.0, show_default=True, help="Seconds to gather a batch.")
@click.option("--bisect/--no-bisect", default=False, help="Split a failed batch in two.")
@click.option(
    "--retries", default=UNLIMITED, show_default=True, help="Retries of a batch; -1: no limit."
)
@click.option(
    "--max-age",
    default=float(UNLIMITED),
    show_default=True,
    help="Oldest record in seconds; -1: no limit.",
)
@click.option(
    "--parallelization-factor", default=1, show_default=True, help="Batches at once in a shard."
)
@click.option("--on-failure-queue-url", help="SQS queue that is told about discarded records.")
@click.option(
    "--report-batch-item-failures/--whole-batch", default=True, help="Read partial failures."
)
@click.option(
    "--starting-position",
    type=click.Choice(["TRIM_HORIZON", "LATEST"]),
    default="TRIM_HORIZON",
    show_default=True,
    help="Where to start without a checkpoint.",
)
@click.option(
    "--poll-interval",
    default=0.2,
    show_default=True,
    help="Seconds between reads of an empty shard.",
)
@click.option(
    "--stop-grace", default=3.0, show_default=True, help="Seconds a running batch gets at the end."
)
def main(**options: Any) -> None:
    """Feed the records of a Kinesis stream to a Lambda function until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        _run(options, stop)
    except LocalCloudError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


def _run(options: Mapping[str, Any], stop: threading.Event) -> None:
    settings, state = _mapping_settings(options), options["state"]
    function_settings = FunctionSettings(
        handler=options["handler"],
        name=options["function_name"],
        timeout_seconds=options["function_timeout"],
        init_timeout_seconds=options["init_timeout"],
        task_root=options["task_root"],
    )
    client_config = Config(max_pool_connections=50, retries={"mode": "standard", "max_attempts": 3})
    queue_url = settings.on_failure_queue_url
    with Processes(state / "logs") as processes:
        function = LambdaFunction(function_settings, processes)
        context = LaneContext(
            settings=settings,
            kinesis=boto3.client("kinesis", config=client_config),
            invoke=function.invoke,
            function_arn=function_settings.arn,
            checkpoints=FileCheckpoints(state / "checkpoints"),
            clock=StoppableClock(stop),
            status=MappingStatus(options["metrics_file"]),
            destination=SqsDestination(boto3.client("sqs"), queue_url) if queue_url else None,
        )
        closer = _close_after_grace(function, stop, options["stop_grace"])
        EventSourceMapping(context, options["stream"]).run()
        function.close()
        closer.join()


def _close_after_grace(
    function: LambdaFunction, stop: threading.Event, grace_seconds: float
) -> threading.Thread:
    """Once asked to stop, give running invocations some seconds, then kill them."""

    def watch() -> None:
        stop.wait()
        function.wait_until_idle(grace_seconds)
        function.close()

    thread = threading.Thread(target=watch, name="close-after-grace", daemon=True)
    thread.start()
    return thread


def _mapping_settings(options: Mapping[str, Any]) -> MappingSettings:
    return MappingSettings(
        batch_size=options["batch_size"],
        maximum_batching_window_seconds=options["window"],
        bisect_batch_on_function_error=options["bisect"],
        maximum_retry_attempts=options["retries"],
        maximum_record_age_seconds=options["max_age"],
        parallelization_factor=options["parallelization_factor"],
        on_failure_queue_url=options["on_failure_queue_url"],
        report_batch_item_failures=options["report_batch_item_failures"],
        starting_position=options["starting_position"],
        poll_interval_seconds=options["poll_interval"],
    )


if __name__ == "__main__":
    main()
