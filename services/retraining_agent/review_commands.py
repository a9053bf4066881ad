"""`review export` and `review import`: the queue goes out to people and comes back."""

import os
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import click

from services.retraining_agent.app import App, answer, json_option
from services.retraining_agent.errors import BadInputError
from services.retraining_agent.log_reader import LogQuality, read_log
from services.retraining_agent.look import look
from services.retraining_agent.review_file import encode_queue, judge_rows, read_review_file
from services.retraining_agent.review_store import keep_review


@click.group()
def review() -> None:
    """Hand decisions to reviewers, and take their labels back."""


@review.command("export")
@click.option(
    "--to",
    "output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write, .csv or .json.",
)
@json_option
@click.pass_obj
def export_queue(app: App, output: Path, as_json: bool) -> None:
    """Write the decisions most worth a review to a file, best first."""
    if output.suffix not in (".csv", ".json"):
        raise BadInputError(f"{output} is neither a .csv nor a .json file")
    seen = look(app.store, app.policy, app.now(), None)
    write_file(output, encode_queue(seen.queue, output.suffix == ".json"))
    document = {"items": len(seen.queue), "waiting": seen.waiting, "output": str(output)}
    text = f"{len(seen.queue)} decisions to review written to {output}; {seen.waiting} wait"
    answer(as_json, document, text)


@review.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--reviewer", required=True, help="Who reviewed, where a row does not say.")
@json_option
@click.pass_obj
def import_reviews(app: App, file: Path, reviewer: str, as_json: bool) -> None:
    """Store the labels of a filled-in file. Rows with an unknown label or id are refused."""
    rows = read_review_file(file)
    known = _known_ids(app, {row["event_id"] for row in rows})
    judged = judge_rows(rows, known, reviewer, app.now())
    kept = sum(keep_review(app.store, each) for each in judged.reviews)
    document = {
        "kept": kept,
        "repeated": len(judged.reviews) - kept,
        "empty": judged.empty_rows,
        "refused": [{"row": each.row, "reason": each.reason} for each in judged.refusals],
    }
    for refusal in judged.refusals:
        click.echo(f"row {refusal.row} refused: {refusal.reason}", err=True)
    text = f"{kept} reviews kept, {len(judged.refusals)} rows refused, {judged.empty_rows} empty"
    answer(as_json, document, text)
    if judged.refusals and not judged.reviews:
        raise BadInputError(f"{file}: no row could be taken")


def write_file(path: Path, content: bytes) -> None:
    """Write a whole file or none; raises BadInputError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise BadInputError(f"{path} cannot be written: {error.strerror}") from error


def _known_ids(app: App, wanted: Collection[str]) -> set[str]:
    since = app.now() - timedelta(days=app.policy.evidence.lookback_days)
    rows = read_log(app.store, since.date(), LogQuality())
    return {row.event_id for row in rows if row.event_id in wanted}
