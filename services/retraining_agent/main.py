"""The retraining agent's command line, and the one place that reads environment and clock."""

import os
import socket
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import boto3
import click
from botocore.exceptions import BotoCoreError
from rich.console import Console

from services.retraining_agent import run_commands
from services.retraining_agent.announce import Announce, announcer, push_gateway, webhook
from services.retraining_agent.app import AgentGroup, App, answer, json_option
from services.retraining_agent.command_deployment import CommandDeployment
from services.retraining_agent.deployment import Deployment, PointerDeployment
from services.retraining_agent.errors import BadInputError
from services.retraining_agent.event_bus import EventBus
from services.retraining_agent.jobs import TrainingJobs
from services.retraining_agent.labelled_complaints import (
    LabelledComplaints,
    read_labelled_complaints,
)
from services.retraining_agent.ledger_commands import ledger
from services.retraining_agent.local_jobs import LocalCommands, LocalTrainingJobs
from services.retraining_agent.policy import Policy, read_policy
from services.retraining_agent.ports import Ports
from services.retraining_agent.register import FirstModel, register_first
from services.retraining_agent.review_commands import review
from services.retraining_agent.s3_store import S3Store
from services.retraining_agent.sagemaker_deployment import SageMakerDeployment
from services.retraining_agent.sagemaker_pipeline import SageMakerPipelineJobs, sdk_definition
from services.retraining_agent.sagemaker_shadow import SageMakerShadow
from services.retraining_agent.settings import Settings
from services.retraining_agent.shadow import ShadowDeployment

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(cls=AgentGroup)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Decide from log and reviews whether to retrain, prove the new model, promote or go back.

    BUCKET names the bucket, POLICY a policy file; region, endpoint and identity are boto3's own
    variables. README.md has the table of all settings.
    """
    if ctx.obj is None:
        ctx.obj = build_app(os.environ)


def build_app(environ: Mapping[str, str]) -> App:
    """Build the agent from the environment; raises BadInputError."""
    settings = Settings.from_env(environ)
    policy = read_policy(settings.policy_path)
    try:
        store = S3Store(boto3.client("s3"), settings.bucket)
    except (BotoCoreError, ValueError) as error:
        raise BadInputError(f"S3 is not configured: {error}") from error
    return App(
        store=store,
        bucket=settings.bucket,
        policy=policy,
        now=_now,
        ports=lambda: build_ports(settings, policy, store),
        can_train=settings.can_train,
        owner=f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}",
        sleep=time.sleep,
        announce=announcer(_tellers(settings), lambda text: click.echo(text, err=True)),
    )


def _tellers(settings: Settings) -> list[Announce]:
    tellers: list[Announce] = []
    if settings.event_bus:
        tellers.append(EventBus(boto3.client("events"), settings.event_bus).tell)
    if settings.webhook_url:
        tellers.append(webhook(settings.webhook_url))
    if settings.pushgateway_url:
        tellers.append(push_gateway(settings.pushgateway_url))
    return tellers


def build_ports(settings: Settings, policy: Policy, store: S3Store) -> Ports:
    """Build what a run needs; the model runtime is imported only here."""
    from services.retraining_agent.scoring import open_model

    deployment = _deployment(settings, store)
    return Ports(
        store=store,
        jobs=_jobs(settings, store),
        deployment=deployment,
        shadow=_shadow(deployment, policy),
        open_model=open_model,
        base_data=lambda: _base_data(settings),
        policy=policy,
        now=_now,
    )


def _jobs(settings: Settings, store: S3Store) -> TrainingJobs:
    if settings.pipeline is not None:
        client = boto3.client("sagemaker")
        return SageMakerPipelineJobs(client, store, settings.pipeline, sdk_definition)
    commands = LocalCommands(
        settings.trainer_command, settings.exporter_command, settings.jobs_outlive_agent
    )
    return LocalTrainingJobs(settings.work, commands)


def _deployment(settings: Settings, store: S3Store) -> Deployment:
    if settings.endpoint is not None:
        return SageMakerDeployment(boto3.client("sagemaker"), store, settings.endpoint)
    if settings.deploy_command:
        return CommandDeployment(store, settings.work, settings.deploy_command)
    return PointerDeployment()


def _shadow(deployment: Deployment, policy: Policy) -> ShadowDeployment | None:
    if not policy.promotion.shadow_minutes:
        return None
    if not isinstance(deployment, SageMakerDeployment):
        raise BadInputError(
            "shadow_minutes asks for a SageMaker endpoint: ENDPOINT_NAME is not set"
        )
    share = policy.promotion.shadow_share
    return SageMakerShadow(deployment, boto3.client("cloudwatch"), share)


@cli.command()
@click.argument("archive", type=FILE)
@click.option(
    "--holdout",
    required=True,
    type=FILE,
    help="Labelled complaints, CSV or Parquet, that no model is ever trained on.",
)
@click.option(
    "--reference",
    type=FILE,
    help="Labelled complaints that drift is measured against, else the first traffic.",
)
@click.option("--by", default="operator", show_default=True, help="Who registers.")
@json_option
@click.pass_obj
def register(
    app: App, archive: Path, holdout: Path, reference: Path | None, by: str, as_json: bool
) -> None:
    """Register the first model, a model.tar.gz, as champion."""
    from libs.artifact.scorer import OnnxScorer
    from services.retraining_agent.scoring import opened_archive

    frozen = read_labelled_complaints(holdout)
    profiled = None if reference is None else read_labelled_complaints(reference)
    progress = Console(stderr=True).status(f"scoring {len(frozen)} holdout rows")
    with opened_archive(archive) as artifact, progress:
        model = FirstModel(archive, artifact, OnnxScorer(artifact), frozen, profiled, by)
        champion = register_first(app.store, model, app.now())
    text = f"{champion.version} ({champion.model_digest[:12]}) is champion"
    answer(as_json, champion, text)


def _now() -> datetime:
    return datetime.now(UTC)


def _base_data(settings: Settings) -> LabelledComplaints:
    if settings.base_data is None:
        raise BadInputError("the environment variable BASE_DATA is not set")
    return read_labelled_complaints(settings.base_data)


for command in (
    run_commands.plan,
    run_commands.run,
    run_commands.status,
    run_commands.rollback,
    run_commands.cancel,
    run_commands.approve,
    run_commands.deny,
    review,
    ledger,
):
    cli.add_command(command)

if __name__ == "__main__":
    sys.exit(cli())
