"""`plan`, `run`, `status`, `rollback`, `cancel`, `approve` and `deny`."""

from pathlib import Path
from typing import Literal

import click
from rich.console import Console

from services.retraining_agent.agent import Round, run_round
from services.retraining_agent.app import App, answer, json_option
from services.retraining_agent.approval import Approval, give_approval
from services.retraining_agent.champion_store import find_champion
from services.retraining_agent.errors import BadInputError
from services.retraining_agent.ledger_store import LedgerStore
from services.retraining_agent.look import look
from services.retraining_agent.orders import RollBackOrder, roll_back
from services.retraining_agent.orders import cancel as cancel_run
from services.retraining_agent.report import render_report
from services.retraining_agent.review_commands import write_file
from services.retraining_agent.run_engine import Wait
from services.retraining_agent.run_state import RunState, RunStore

_PATIENCE_SECONDS = 5.0

report_option = click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the evidence as an HTML page to this file.",
)
request_option = click.option("--request", help="Ask for a retraining, with this reason.")
by_option = click.option("--by", default="operator", show_default=True, help="Who says so.")
reason_option = click.option("--reason", required=True, help="Why; it goes into the ledger.")


@click.command()
@report_option
@request_option
@json_option
@click.pass_obj
def plan(app: App, report: Path | None, request: str | None, as_json: bool) -> None:
    """Show evidence and decision, and change nothing."""
    with Console(stderr=True).status("reading the prediction log and the reviews"):
        seen = look(app.store, app.policy, app.now(), request)
    if report is not None:
        write_file(report, render_report(seen.gathered, seen.decision).encode())
    place = None if report is None else str(report)
    document = {
        "decision": seen.decision,
        "evidence": seen.gathered.evidence,
        "report": place,
    }
    text = f"{seen.decision.decision}, because {seen.decision.reason}"
    answer(as_json, document, text if place is None else f"{text}\nreport: {place}")


@click.command()
@click.option("--once", is_flag=True, help="One round, as a scheduler starts it (the default).")
@click.option("--wait/--no-wait", default=True, show_default=True,
              help="Wait for jobs and deployments, or leave them to the next round.")  # fmt: skip
@report_option
@request_option
@json_option
@click.pass_obj
def run(
    app: App, once: bool, wait: bool, report: Path | None, request: str | None, as_json: bool
) -> None:
    """Decide, put it on record, and do it: train, prove, promote or keep. Goes on with the run
    under way if there is one."""
    with Console(stderr=True).status("reading the prediction log and the reviews") as status:

        def look_again(state: RunState) -> bool:
            status.update(f"run {state.run_id}: {state.step}")
            if wait and state.step != "approve":
                app.sleep(_PATIENCE_SECONDS)
                return True
            return False

        done = run_round(app.ports(), app.lease(), look_again, request, app.can_train)
    if report is not None:
        write_file(report, done.page.encode())
    app.announce(done.decision)
    place = app.place(done.decision.report_key)
    document = {"decision": done.decision, "report": place}
    answer(as_json, document, _describe(done, place, app.can_train))


@click.command()
@json_option
@click.pass_obj
def status(app: App, as_json: bool) -> None:
    """Show the champion, the run under way and the last decision."""
    found = find_champion(app.store)
    current = RunStore(app.store).current()
    entries = list(LedgerStore(app.store).last(1))
    last = entries[-1] if entries else None
    document = {"champion": found and found.champion, "run": current, "last_decision": last}
    lines = ["no champion yet"]
    if found is not None:
        since = found.champion.promoted_at.isoformat()
        lines = [f"champion {found.champion.version}, since {since}"]
    if current is not None:
        lines.append(f"run {current.run_id} is at step {current.step}")
    if last is not None:
        lines.append(f"last decision: {last.decision}, {last.reason}")
    answer(as_json, document, "\n".join(lines))


@click.command()
@click.option("--to", "version", help="The version to go back to, else the champion before.")
@reason_option
@by_option
@json_option
@click.pass_obj
def rollback(app: App, version: str | None, reason: str, by: str, as_json: bool) -> None:
    """Make an earlier model champion again."""
    state = roll_back(app.ports(), app.lease(), _wait(app), RollBackOrder(by, reason, version))
    found = find_champion(app.store)
    text = f"{found.champion.version} is champion" if found else "no champion"
    answer(as_json, {"champion": found and found.champion, "run": state}, text)


@click.command()
@reason_option
@json_option
@click.pass_obj
def cancel(app: App, reason: str, as_json: bool) -> None:
    """End the run under way; the champion stays."""
    state = cancel_run(app.ports(), app.lease(), _wait(app), reason)
    answer(as_json, state, f"run {state.run_id} is cancelled")


@click.command()
@click.argument("run_id")
@click.option("--reason", default="", help="Why.")
@by_option
@click.pass_obj
def approve(app: App, run_id: str, reason: str, by: str) -> None:
    """Let the proven candidate of RUN_ID be served; the next round goes on."""
    _decide_on(app, run_id, Approval(decision="approve", by=by, at=app.now(), reason=reason))


@click.command()
@click.argument("run_id")
@reason_option
@by_option
@click.pass_obj
def deny(app: App, run_id: str, reason: str, by: str) -> None:
    """Keep the champion although the candidate of RUN_ID is proven."""
    _decide_on(app, run_id, Approval(decision="deny", by=by, at=app.now(), reason=reason))


def _decide_on(app: App, run_id: str, approval: Approval) -> None:
    current = RunStore(app.store).current()
    if current is None or current.run_id != run_id or current.step != "approve":
        raise BadInputError(f"no run {run_id} awaits approval")
    give_approval(app.store, run_id, approval)
    word: Literal["approved", "denied"] = "approved" if approval.decision == "approve" else "denied"
    click.echo(f"run {run_id} is {word}")


def _wait(app: App) -> Wait:
    def wait(state: RunState) -> bool:
        app.sleep(_PATIENCE_SECONDS)
        return True

    return wait


def _describe(done: Round, place: str, can_train: bool) -> str:
    decision = done.decision
    lines = [f"{decision.decision}, because {decision.reason}", f"report: {place}"]
    if done.state is not None:
        step = "ended" if done.state.step == "done" else f"is at step {done.state.step}"
        lines.append(f"run {done.state.run_id} {step}: {done.state.verdict or 'no verdict yet'}")
        lines.append(f"champion {decision.champion_version}")
    elif decision.decision == "retrain" and not can_train:
        lines.append("not begun: TRAINER_COMMAND and EXPORTER_COMMAND are not set")
    if decision.awaits_approval:
        lines.append(f"awaits approval: retraining_agent approve {decision.run_id}")
    return "\n".join(lines)
