"""The queue as a file that reviewers fill in: CSV or JSON out, the same back in."""

import csv
import io
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from libs.events.review import Review
from libs.events.spreadsheet import neutralise, restore
from services.retraining_agent.errors import BadInputError
from services.retraining_agent.review_queue import QueueItem

REVIEWER_COLUMNS = ("true_label", "reviewer", "note")
_TEXT_COLUMNS = frozenset({"event_id", "complaint_id", "text", "note", "reviewer"})
_REQUIRED = ("event_id", "true_label")


@dataclass(frozen=True)
class Refusal:
    """One row that was not taken, by its number in the file."""

    row: int
    reason: str


@dataclass(frozen=True)
class ReviewedFile:
    """What a file holds: reviews, refused rows, and rows that nobody has filled in."""

    reviews: tuple[Review, ...]
    refusals: tuple[Refusal, ...]
    empty_rows: int


def encode_queue(items: Sequence[QueueItem], is_json: bool) -> bytes:
    """Return the queue with empty columns for the reviewer."""
    rows = [{**asdict(item), **dict.fromkeys(REVIEWER_COLUMNS, "")} for item in items]
    if is_json:
        return (json.dumps(rows, indent=2, ensure_ascii=False) + "\n").encode()
    columns = [*QueueItem.__dataclass_fields__, *REVIEWER_COLUMNS]
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(name, value) for name, value in row.items()})
    return buffer.getvalue().encode()


def read_review_file(path: Path) -> list[Mapping[str, str]]:
    """Read the rows of a filled-in CSV or JSON file; raises BadInputError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path} cannot be read as UTF-8 text: {error}") from error
    rows = _json_rows(text, path) if text.lstrip().startswith("[") else _csv_rows(text, path)
    if not rows:
        raise BadInputError(f"{path} has no rows")
    for column in _REQUIRED:
        if column not in rows[0]:
            raise BadInputError(f"{path}: expected a column {column}")
    return rows


def judge_rows(
    rows: Iterable[Mapping[str, str]], known_ids: Collection[str], reviewer: str, now: datetime
) -> ReviewedFile:
    """Turn filled-in rows into reviews by `reviewer`, unless a row names its own."""
    reviews, refusals, empty = [], [], 0
    for number, row in enumerate(rows, start=1):
        if not row.get("true_label", "").strip():
            empty += 1
        elif row["event_id"] not in known_ids:
            refusals.append(Refusal(number, "the log holds no decision with this event_id"))
        else:
            try:
                reviews.append(_review(row, reviewer, now))
            except msgspec.ValidationError as error:
                refusals.append(Refusal(number, re.sub(r" - at .*", "", str(error))))
    return ReviewedFile(tuple(reviews), tuple(refusals), empty)


def _review(row: Mapping[str, str], reviewer: str, now: datetime) -> Review:
    fields = {
        "event_id": row["event_id"],
        "true_label": row["true_label"].strip(),
        "reviewer": row.get("reviewer", "").strip() or reviewer,
        "reviewed_at": now,
        "note": row.get("note") or None,
    }
    return msgspec.convert(fields, Review)


def _csv_rows(text: str, path: Path) -> list[Mapping[str, str]]:
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise BadInputError(f"{path} is not a CSV file: {error}") from error
    if any(not isinstance(value, str) for row in rows for value in row.values()):
        raise BadInputError(f"{path} has a row with more or fewer cells than its header")
    return [
        {name: restore(value) if name in _TEXT_COLUMNS else value for name, value in row.items()}
        for row in rows
    ]


def _json_rows(text: str, path: Path) -> list[Mapping[str, str]]:
    try:
        rows = msgspec.json.decode(text, type=list[dict[str, Any]])
    except msgspec.MsgspecError as error:
        raise BadInputError(f"{path} is not a JSON list of objects") from error
    return [{name: str(value) for name, value in row.items()} for row in rows]


def _cell(name: str, value: object) -> object:
    return neutralise(str(value)) if name in _TEXT_COLUMNS else value
