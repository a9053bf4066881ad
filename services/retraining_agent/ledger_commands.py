"""`ledger`: what was decided, whether the record is whole, and who was champion when."""

from datetime import datetime

import click
import msgspec

from libs.registry.errors import RegistryError
from libs.registry.ledger import LedgerEntry
from services.retraining_agent.app import App, answer, json_option
from services.retraining_agent.errors import BadInputError
from services.retraining_agent.ledger_store import LedgerStore


@click.group()
def ledger() -> None:
    """Ask the ledger of decisions."""


@ledger.command("show")
@click.option("--last", default=20, show_default=True, help="How many entries.")
@json_option
@click.pass_obj
def show(app: App, last: int, as_json: bool) -> None:
    """List the latest entries, the oldest first."""
    entries = list(LedgerStore(app.store).entries())[-last:]
    answer(as_json, entries, "\n".join(map(_line, entries)) or "the ledger is empty")


@ledger.command("verify")
@json_option
@click.pass_obj
def verify(app: App, as_json: bool) -> None:
    """Check number and hash of every entry; exit code 2 names the first that is wrong."""
    try:
        count = LedgerStore(app.store).verify()
    except RegistryError as error:
        raise BadInputError(str(error)) from error
    answer(as_json, {"entries": count, "is_whole": True}, f"{count} entries, the chain is whole")


@ledger.command("champion")
@click.option("--at", "moment", required=True, help="A moment, RFC 3339, as 2026-01-31T12:00:00Z.")
@json_option
@click.pass_obj
def champion_at(app: App, moment: str, as_json: bool) -> None:
    """Say who was champion at a moment, and why."""
    found = champion_entry(list(LedgerStore(app.store).entries()), _moment(moment))
    if found is None or found.champion is None:
        raise BadInputError(f"there was no champion at {moment}")
    text = f"{found.champion.version} ({found.champion.model_digest[:12]}), by {_line(found)}"
    answer(as_json, found, text)


def champion_entry(entries: list[LedgerEntry], moment: datetime) -> LedgerEntry | None:
    """Return the last entry up to `moment` that changed the champion."""
    changes = [entry for entry in entries if entry.champion and entry.decided_at <= moment]
    return changes[-1] if changes else None


def _line(entry: LedgerEntry) -> str:
    at = entry.decided_at.isoformat(timespec="seconds")
    return f"entry {entry.number}, {at}, {entry.decided_by}: {entry.decision}, {entry.reason}"


def _moment(text: str) -> datetime:
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise BadInputError(f"{text!r} is not a moment as 2026-01-31T12:00:00Z") from error
    if moment.tzinfo is None:
        raise BadInputError(f"{text!r} has no time zone: expected one as 2026-01-31T12:00:00Z")
    return moment
