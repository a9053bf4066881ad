"""The trainer's command line: joins steps, environment, console and signals."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from libs.artifact.errors import ArtifactError
from libs.events.errors import EventsError
from libs.heads.errors import HeadsError
from libs.labels.errors import LabelsError
from libs.text.errors import TextError
from services.trainer.config import TrainerConfig, build_config, describe_fields
from services.trainer.errors import (
    ConfigError,
    OutputError,
    TrainerError,
    TransientError,
)
from services.trainer.inputs import fetch_input, is_address, parse_address
from services.trainer.options import (
    ANY_PATH,
    DATA,
    OVERWRITE,
    TEST,
    TO,
    config_options,
    read_config,
)
from services.trainer.running import open_pipeline
from services.trainer.settings import Settings
from services.trainer.submit_command import submit

if TYPE_CHECKING:
    from services.trainer.pipeline import Pipeline, Published
    from services.trainer.prepare import DataFiles

BAD_INPUT, FAULT = 2, 1
REFUSALS = (TrainerError, EventsError, ArtifactError, HeadsError, LabelsError, TextError)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; bad input is one sentence and exit code 2."""
    # Threads that spin while they wait starve each other on a machine that others use too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        cli(args=arguments, prog_name="trainer")
    except REFUSALS as error:
        click.echo(f"trainer: {error}", err=True)
        sys.exit(BAD_INPUT)
    except TransientError as error:
        click.echo(f"trainer: {error}", err=True)
        sys.exit(FAULT)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Train, calibrate and evaluate a complaint classifier."""


@cli.command()
@DATA
@TEST
@TO
@OVERWRITE
@click.option("--encoder", help="encoder.name")
@click.option("--max-length", type=int, help="encoder.max_length")
@click.option("--epochs", type=float, help="fit.epochs")
@click.option("--limit", type=int, help="data.limit")
@click.option("--seed", type=int, help="fit.seed")
@click.option(
    "--seeds",
    type=click.IntRange(1, 100),
    default=1,
    help="Train with so many seeds from fit.seed on, and keep the best on validation: one of them, "
    "or the average of their weights.",
)
@config_options
def run(
    data: str,
    test: str | None,
    to: Path,
    overwrite: bool,
    seeds: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Do every step: prepare, baseline, fit, evaluate. Run again, it goes on where it stopped."""
    _refuse_existing(to, overwrite)
    work = options.pop("work") or to.with_name(f"{to.name}.work")
    with _pipeline(work, read_config(options)) as pipeline:
        published = _run_all(pipeline, lambda: _data_files(data, test, work), to, seeds)
    if published is not None:
        _print(_describe_published(published, pipeline.seconds), as_json)


def _run_all(
    pipeline: "Pipeline", find_files: "Callable[[], DataFiles]", to: Path, seeds: int = 1
) -> "Published | None":
    """Do every step; None in the processes that leave the last one to the first process."""
    from services.trainer import distributed
    from services.trainer.seeds import evaluate_seeds, with_seeds

    with distributed.one_at_a_time_first():
        prepared = pipeline.prepare(find_files())
        pipeline.baseline(prepared)
    pipelines = with_seeds(pipeline.context, seeds)
    for one in pipelines:
        one.fit(prepared)
    is_main = distributed.is_main_process()
    published = evaluate_seeds(pipelines, prepared, to) if is_main else None
    for one in pipelines:
        pipeline.seconds.update(one.seconds)
    return published


@cli.command()
@DATA
@TEST
@config_options
def prepare(data: str, test: str | None, as_json: bool, **options: Any) -> None:
    """Read, check, cluster and split the complaints."""
    work = _required_work(options)
    with _pipeline(work, read_config(options)) as pipeline:
        prepared = pipeline.prepare(_data_files(data, test, work))
    _print({"work": str(prepared.directory), **_plain(prepared.summary)}, as_json)


@cli.command()
@config_options
def baseline(as_json: bool, **options: Any) -> None:
    """Fit what the model has to beat."""
    with _pipeline(_required_work(options), read_config(options)) as pipeline:
        pipeline.baseline(pipeline.open_prepared())
    _print({"seconds": pipeline.seconds}, as_json)


@cli.command()
@config_options
def fit(as_json: bool, **options: Any) -> None:
    """Fine-tune encoder and head, or go on fine-tuning after an interruption."""
    with _pipeline(_required_work(options), read_config(options)) as pipeline:
        outcome = pipeline.fit(pipeline.open_prepared())
    _print({"fit": _plain(outcome), "seconds": pipeline.seconds}, as_json)


@cli.command()
@TO
@OVERWRITE
@config_options
def evaluate(to: Path, overwrite: bool, as_json: bool, **options: Any) -> None:
    """Calibrate, evaluate, and write checkpoint and report."""
    _refuse_existing(to, overwrite)
    with _pipeline(_required_work(options), read_config(options)) as pipeline:
        published = pipeline.evaluate(pipeline.open_prepared(), to)
    _print(_describe_published(published, pipeline.seconds), as_json)


@cli.command()
@click.option("--checkpoint", required=True, type=ANY_PATH, help="The checkpoint to judge.")
@click.option("--against", multiple=True, type=ANY_PATH, help="Another one, on the same rows.")
@DATA
@click.option("--to", required=True, type=ANY_PATH, help="Folder of the report to write.")
@OVERWRITE
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def assess(
    checkpoint: Path,
    against: tuple[Path, ...],
    data: str,
    to: Path,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Judge a finished checkpoint on a file that it never saw, alone or against others."""
    _refuse_existing(to, overwrite)
    from services.trainer.assess import Assessment
    from services.trainer.assess import assess as judge

    with tempfile.TemporaryDirectory() as folder:
        path = _input_file(data, Path(folder))
        evaluation = judge(Assessment(checkpoint, against, path), to, datetime.now(UTC))
    _print({"report": str(to / "report.html"), **evaluation.summary()}, as_json)


@cli.command()
@click.option("--prefix", type=ANY_PATH, default="/opt/ml", show_default=True, hidden=True)
def train(prefix: Path) -> None:
    """Do every step as a SageMaker training job: data, settings and output under /opt/ml.

    On several machines or GPUs it starts itself again under torchrun, one process a GPU.
    """
    from services.trainer import distributed
    from services.trainer.sagemaker import SageMakerJob

    job = SageMakerJob(prefix, os.environ)
    try:
        cluster = job.cluster(distributed.processes_of_this_machine())
        if cluster.needs_torchrun and not distributed.is_distributed():
            cluster.become_torchrun("services.trainer.main", "train", "--prefix", str(prefix))
        with _pipeline(job.work, build_config({}, job.overrides())) as pipeline:
            published = _run_all(pipeline, job.data_files, job.work / "checkpoint")
            if published is not None:
                job.deliver(published.directory)
    except TransientError:
        raise
    except Exception as error:
        job.report_failure(str(error))
        raise


@cli.command()
def config() -> None:
    """Print the default configuration as YAML, every field explained."""
    section = None
    for section_name, name, default, description in describe_fields():
        if section_name != section:
            click.echo(f"{section_name}:")
            section = section_name
        click.echo(f"  # {description}")
        value = list(default) if isinstance(default, tuple) else default
        click.echo(f"  {name}: {json.dumps(value)}")


cli.add_command(submit)


def _pipeline(work: Path, config: TrainerConfig) -> AbstractContextManager["Pipeline"]:
    return open_pipeline(work, config, Settings.from_env(os.environ))


def _data_files(data: str, test: str | None, work: Path) -> "DataFiles":
    """Return the complaint files, those of S3 fetched into the work folder."""
    from services.trainer.prepare import DataFiles

    return DataFiles(
        _input_file(data, work / "inputs" / "data"),
        None if test is None else _input_file(test, work / "inputs" / "test"),
    )


def _input_file(name: str, folder: Path) -> Path:
    if not is_address(name):
        return Path(name)
    import boto3

    from services.trainer.s3_objects import S3Objects

    return fetch_input(parse_address(name), folder, S3Objects(boto3.client("s3")))


def _refuse_existing(to: Path, overwrite: bool) -> None:
    if to.exists() and not overwrite:
        raise OutputError(f"{to} exists already: choose another folder, or --overwrite")


def _required_work(options: Mapping[str, Any]) -> Path:
    work: Path | None = options["work"]
    if work is None:
        raise ConfigError("--work is missing: the folder that the steps share")
    return work


def _describe_published(published: "Published", seconds: Mapping[str, float]) -> dict[str, Any]:
    return {
        "checkpoint": str(published.directory),
        "digest": published.digest,
        "report": str(published.directory / "report.html"),
        "temperature": published.calibration.temperature,
        "review_threshold": published.calibration.review_threshold,
        "evaluation": published.evaluation.summary(),
        "fit": _plain(published.outcome),
        "seconds": dict(seconds),
    }


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


def _print(document: Mapping[str, Any], as_json: bool) -> None:
    """Print the whole document as JSON, or what a person wants of it."""
    if as_json:
        click.echo(json.dumps(document, indent=2))
        return
    for name, value in document.items():
        if isinstance(value, str | int | float):
            click.echo(f"{name}: {value}")


if __name__ == "__main__":
    main()
