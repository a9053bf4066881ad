"""The retraining agent's command line, and the one place that reads environment and clock."""

import hashlib
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import boto3
import click
import msgspec
from botocore.exceptions import BotoCoreError
from rich.console import Console

from services.retraining_agent.app import AgentGroup, App, answer, json_option
from services.retraining_agent.champion_store import find_champion, require_champion
from services.retraining_agent.decide import Decision, decide
from services.retraining_agent.errors import BadInputError
from services.retraining_agent.gather import Gathered, gather
from services.retraining_agent.labelled_complaints import read_labelled_complaints
from services.retraining_agent.ledger_commands import ledger
from services.retraining_agent.ledger_store import LedgerStore, Record
from services.retraining_agent.model_record import reference_key
from services.retraining_agent.policy import read_policy
from services.retraining_agent.register import FirstModel, register_first
from services.retraining_agent.report import render_report
from services.retraining_agent.review_commands import review, write_file
from services.retraining_agent.s3_store import S3Store
from services.retraining_agent.settings import Settings
from services.retraining_agent.store import ABSENT

FILE = click.Path(path_type=Path, dir_okay=False)
EVIDENCE_PREFIX = "registry/evidence/"


@click.group(cls=AgentGroup)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Decide from log and reviews whether to retrain, prove the new model, promote or go back.

    BUCKET names the bucket, POLICY a policy file; region, endpoint and identity are boto3's own
    variables.
    """
    if ctx.obj is None:
        ctx.obj = build_app(os.environ)


def build_app(environ: "os._Environ[str]") -> App:
    """Build the agent from the environment; raises BadInputError."""
    settings = Settings.from_env(environ)
    policy = read_policy(settings.policy_path)
    try:
        client = boto3.client("s3")
    except BotoCoreError as error:
        raise BadInputError(f"S3 is not configured: {error}") from error
    return App(S3Store(client, settings.bucket), settings.bucket, policy, lambda: datetime.now(UTC))


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
    from services.retraining_agent.scoring import OnnxScorer, opened_archive

    frozen = read_labelled_complaints(holdout)
    profiled = None if reference is None else read_labelled_complaints(reference)
    progress = Console(stderr=True).status(f"scoring {len(frozen)} holdout rows")
    with opened_archive(archive) as artifact, progress:
        model = FirstModel(archive, artifact, OnnxScorer(artifact), frozen, profiled, by)
        champion = register_first(app.store, model, app.now())
    text = f"{champion.version} ({champion.model_digest[:12]}) is champion"
    answer(as_json, champion, text)


@cli.command()
@click.option("--report", type=FILE, help="Also write the evidence as an HTML page.")
@click.option("--request", help="Ask for a retraining, with this reason.")
@json_option
@click.pass_obj
def plan(app: App, report: Path | None, request: str | None, as_json: bool) -> None:
    """Show evidence and decision, and change nothing."""
    gathered, decision = _decide(app, request)
    if report is not None:
        write_file(report, render_report(gathered, decision).encode())
    place = None if report is None else str(report)
    document = {"decision": decision, "evidence": gathered.evidence, "report": place}
    answer(as_json, document, _sentence(decision, place))


@cli.command()
@click.option("--once", is_flag=True, help="One round, as a scheduler starts it (the default).")
@click.option("--report", type=FILE, help="Also write the report to this file.")
@click.option("--request", help="Ask for a retraining, with this reason.")
@json_option
@click.pass_obj
def run(app: App, once: bool, report: Path | None, request: str | None, as_json: bool) -> None:
    """Decide, put the decision on record, and do what was decided."""
    gathered, decision = _decide(app, request)
    action_id = f"decide-{gathered.evidence.gathered_at:%Y%m%dT%H%M%S.%fZ}"
    page = render_report(gathered, decision).encode()
    facts = msgspec.json.encode(gathered.evidence, order="deterministic")
    folder = f"{EVIDENCE_PREFIX}{action_id}/"
    app.store.write(f"{folder}report.html", page)
    app.store.write(f"{folder}evidence.json", facts)
    if gathered.is_reference_new and gathered.reference is not None:
        key = reference_key(gathered.evidence.champion.version)
        app.store.write(key, msgspec.json.encode(gathered.reference), ABSENT)
    if report is not None:
        write_file(report, page)
    entry = LedgerStore(app.store).append(
        Record(
            action_id=action_id,
            decision=decision.decision,
            reason=decision.reason,
            evidence={
                "key": f"{folder}evidence.json",
                "sha256": hashlib.sha256(facts).hexdigest(),
                "triggers": list(decision.triggers),
                "holds": list(decision.holds),
            },
            decided_by="policy" if request is None else "operator",
            decided_at=gathered.evidence.gathered_at,
        )
    )
    place = app.place(f"{folder}report.html")
    document = {"decision": decision, "ledger_number": entry.number, "report": place}
    answer(as_json, document, f"{_sentence(decision, place)}\nledger entry {entry.number}")


@cli.command()
@json_option
@click.pass_obj
def status(app: App, as_json: bool) -> None:
    """Show the champion and the last decision."""
    found = find_champion(app.store)
    entries = list(LedgerStore(app.store).entries())
    last = entries[-1] if entries else None
    document = {"champion": found and found.champion, "last_decision": last}
    lines = ["no champion yet"]
    if found is not None:
        lines = [
            f"champion {found.champion.version}, since {found.champion.promoted_at.isoformat()}"
        ]
    if last is not None:
        lines.append(f"last decision: {last.decision}, {last.reason}")
    answer(as_json, document, "\n".join(lines))


def _decide(app: App, request: str | None) -> tuple[Gathered, Decision]:
    champion = require_champion(app.store).champion
    with Console(stderr=True).status("reading the prediction log and the reviews"):
        gathered = gather(app.store, champion, app.policy.evidence, app.now())
    return gathered, decide(gathered.evidence, app.policy, request)


def _sentence(decision: Decision, report: str | None) -> str:
    where = f"\nreport: {report}" if report else ""
    return f"{decision.decision}, because {decision.reason}{where}"


cli.add_command(review)
cli.add_command(ledger)

if __name__ == "__main__":
    sys.exit(cli())
