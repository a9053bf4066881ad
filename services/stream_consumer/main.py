"""The operator's command line: redrive what Lambda gave up, replay log rows, compact the log."""

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import click
from botocore.exceptions import BotoCoreError
from rich.console import Console
from rich.progress import Progress

from libs.events.errors import EventsError
from libs.events.prediction_log import PredictionRow, read_prediction_log
from services.stream_consumer.clients import build_adapters
from services.stream_consumer.compact import compact, days_between
from services.stream_consumer.errors import ConsumerError, TransientError
from services.stream_consumer.handler import build_consumer
from services.stream_consumer.kinesis_stream import KinesisStream
from services.stream_consumer.log_search import find_narrative, find_row
from services.stream_consumer.redrive import FailedBatch, Redriven, drain, redrive
from services.stream_consumer.replay import replay
from services.stream_consumer.s3_archive import S3Archive
from services.stream_consumer.settings import Settings
from services.stream_consumer.sqs_queue import SqsQueue

BAD_INPUT, INCOMPLETE = 2, 1
_BATCH_SECONDS = 300.0

_bucket = click.option(
    "--bucket", envvar="LOG_BUCKET", required=True, help="Bucket of the prediction log."
)
_endpoint = click.option(
    "--endpoint", envvar="ENDPOINT_NAME", required=True, help="SageMaker endpoint to ask."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
_DAY = click.DateTime(["%Y-%m-%d"])


class _Commands(click.Group):
    """Commands whose errors are one sentence and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (TransientError, BotoCoreError) as error:
            click.echo(f"stream_consumer: {error}", err=True)
            ctx.exit(INCOMPLETE)
        except (ConsumerError, EventsError) as error:
            click.echo(f"stream_consumer: {error}", err=True)
            ctx.exit(BAD_INPUT)


@click.group(cls=_Commands)
def cli() -> None:
    """Look after the stream consumer's prediction log."""


@cli.command("redrive")
@click.option("--queue-url", required=True, help="SQS queue that is the on-failure destination.")
@_endpoint
@_bucket
@_json
def redrive_command(queue_url: str, endpoint: str, bucket: str, as_json: bool) -> None:
    """Process the batches that Lambda gave up; settled messages leave the queue."""
    settings = Settings.from_env({**os.environ, "ENDPOINT_NAME": endpoint, "LOG_BUCKET": bucket})
    consumer = build_consumer(settings, *build_adapters(settings))
    stream = KinesisStream(boto3.client("kinesis"))

    def redrive_batch(batch: FailedBatch) -> Redriven:
        end = time.monotonic() + _BATCH_SECONDS
        return redrive(batch, stream, consumer, lambda: end - time.monotonic())

    results = []
    with _progress() as progress:
        task = progress.add_task("batches", total=None)
        for result in drain(SqsQueue(boto3.client("sqs"), queue_url), redrive_batch):
            results.append(_redrive_facts(result))
            progress.advance(task)
    left = sum(not facts["is_settled"] for facts in results)
    _print(as_json, {"batches": results}, f"{len(results) - left} settled, {left} left")
    sys.exit(INCOMPLETE if left else 0)


@cli.command("replay")
@click.argument("event_id", required=False)
@click.option("--day", type=_DAY, help="Day of the log (dt=) that holds the event's row.")
@click.option(
    "--csv",
    "csv_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A downloaded log object: replay every row of it.",
)
@click.option("--stream", help="Take narratives from this stream instead of the log's text.")
@click.option("--bucket", envvar="LOG_BUCKET", help="Bucket of the prediction log.")
@_endpoint
@_json
def replay_command(**options: Any) -> None:
    """Ask the recorded model again and compare its answer with the recorded one, exactly."""
    rows = _rows_to_replay(options)
    environ = {**os.environ, "ENDPOINT_NAME": options["endpoint"], "LOG_BUCKET": "-"}
    endpoint, _ = build_adapters(Settings.from_env(environ))
    stream = KinesisStream(boto3.client("kinesis")) if options["stream"] else None
    results = []
    with _progress() as progress:
        for row in progress.track(rows, description="rows"):
            narrative = find_narrative(stream, options["stream"], row.event_id) if stream else None
            replayed = replay(row, narrative, endpoint)
            results.append({"event_id": row.event_id, "differences": replayed.differences})
    different = [facts for facts in results if facts["differences"]]
    summary = f"{len(results) - len(different)} of {len(results)} rows give the same answer"
    lines = [f"{facts['event_id']}: {'; '.join(facts['differences'])}" for facts in different]
    _print(options["as_json"], {"rows": results}, "\n".join([*lines, summary]))
    sys.exit(INCOMPLETE if different else 0)


@cli.command("compact")
@_bucket
@click.option("--since", type=_DAY, required=True, help="First day (dt=) of the log.")
@click.option("--until", type=_DAY, help="Last day, that one included; by default today (UTC).")
@_json
def compact_command(bucket: str, since: datetime, until: datetime | None, as_json: bool) -> None:
    """Bring the log's CSV objects into one Parquet file a day; running it again changes nothing."""
    last = (until or datetime.now(UTC)).date()
    if last < since.date():
        raise click.UsageError("--until lies before --since")
    report = compact(S3Archive(boto3.client("s3"), bucket), days_between(since.date(), last))
    summary = f"{report.rows} rows of {report.objects} objects, {len(report.changed)} files changed"
    _print(as_json, asdict(report), summary)


def _rows_to_replay(options: Mapping[str, Any]) -> list[PredictionRow]:
    path, event_id, day = options["csv_path"], options["event_id"], options["day"]
    if path is not None:
        return list(read_prediction_log(path.read_bytes(), path.name))
    if event_id is None or day is None or options["bucket"] is None:
        raise click.UsageError("name either --csv or EVENT_ID, --day and --bucket")
    archive = S3Archive(boto3.client("s3"), options["bucket"])
    return [find_row(archive, event_id, day.date())]


def _redrive_facts(result: Redriven | ConsumerError) -> dict[str, Any]:
    if isinstance(result, ConsumerError):
        return {"is_settled": False, "error": str(result)}
    outcome = result.outcome
    return {
        "is_settled": result.is_settled,
        "shard_id": result.batch.shard_id,
        "start_sequence_number": result.batch.start_sequence_number,
        "logged": outcome.logged,
        "rejected": outcome.rejected,
        "repeated": outcome.repeated,
        "unrecorded": outcome.failures,
        "expired": result.expired,
    }


def _progress() -> Progress:
    return Progress(console=Console(stderr=True), transient=True)


def _print(as_json: bool, document: Mapping[str, Any], summary: str) -> None:
    click.echo(json.dumps(document) if as_json else summary)


if __name__ == "__main__":
    cli()
