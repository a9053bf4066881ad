"""`trainer submit`: a SageMaker training job with the configuration of the command line."""

import json
import os
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from services.trainer.options import ANY_PATH, DATA, TEST, read_config
from services.trainer.submit import JobRequest, Machine, TrainingJobs, job_request

if TYPE_CHECKING:
    import boto3


@click.command()
@DATA
@TEST
@click.option("--output", required=True, help="s3://bucket/prefix of models and checkpoints.")
@click.option("--image", required=True, help="Container image of the trainer, in ECR.")
@click.option("--role", required=True, help="ARN of the role that the job runs under.")
@click.option("--name", help="Name of the job; without it, one made of the time.")
@click.option("--instance-type", default="ml.g5.xlarge", show_default=True)
@click.option(
    "--instances",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Machines; torchrun joins them, with one process a GPU.",
)
@click.option("--volume-gigabytes", type=click.IntRange(1), default=50, show_default=True)
@click.option("--max-hours", type=click.FloatRange(0.1), default=12, show_default=True)
@click.option(
    "--max-wait-hours",
    type=click.FloatRange(0.1),
    default=24,
    show_default=True,
    help="Spot: training and waiting for capacity together.",
)
@click.option(
    "--spot/--on-demand",
    "is_spot",
    default=True,
    show_default=True,
    help="Spot is cheaper; what it interrupts goes on from its checkpoint.",
)
@click.option("--config", "config_file", type=ANY_PATH, help="YAML; see `trainer config`.")
@click.option("--set", "settings", multiple=True, help="One field: section.field=value.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def submit(data: str, test: str | None, output: str, as_json: bool, **options: Any) -> None:
    """Start a training job on SageMaker and return at once."""
    config = read_config({name: options.pop(name) for name in ("config_file", "settings")})
    name = options.pop("name") or f"complaints-trainer-{datetime.now(UTC):%Y-%m-%d-%H-%M-%S}"
    request = job_request(name, data, test, output, Machine(**options), config)
    # Imported here, like the SDK, because nothing else of the command line needs it.
    import boto3

    arn = training_jobs(boto3.Session()).start(request)
    document = describe(request, arn)
    click.echo(json.dumps(document, indent=2) if as_json else f"started: {arn}")


def describe(request: JobRequest, arn: str) -> dict[str, str]:
    """Return where the job is and where its model will be."""
    return {
        "name": request.name,
        "arn": arn,
        "model": f"{request.output}/{request.name}/output/model.tar.gz",
        "checkpoints": request.checkpoints,
    }


def training_jobs(session: "boto3.Session") -> TrainingJobs:
    """Return SageMaker, with the credentials and region of `session`; raises ConfigError."""
    # ops/decisions/0007 knows that version 2 is the old one.
    os.environ.setdefault("SAGEMAKER_SUPPRESS_V2_WARNING", "1")
    # The SDK logs on the stdout that it finds when it is imported, which is for our answer.
    with redirect_stdout(sys.stderr):
        from services.trainer.sagemaker_jobs import SageMakerJobs

        return SageMakerJobs(session)
