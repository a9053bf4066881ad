"""The prediction log, schema version 1 (contract 5): one CSV row a decision. Knows no S3.

Writing is at least once; `first_decisions` makes reading exactly once.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec

from libs.events.complaint import ComplaintId, Timestamp
from libs.events.errors import InvalidEventError
from libs.events.spreadsheet import neutralise, restore
from libs.labels.schema import LABEL_SCHEMA

SCHEMA_VERSION: Final = 1
PREFIX = "predictions/"

Reviewed = Literal["No", "N/A", "Yes"]
Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]

_TEXT_COLUMNS = frozenset({"text", "event_id", "complaint_id", "model_version", "trace_id"})


class PredictionRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One decision on record. `reviewed` is `No` while it waits for review, `N/A` when it needs
    none, `Yes` once reviewed, and only then `true_label` is not empty."""

    timestamp: Timestamp
    text: str
    predicted_label: str
    confidence: Probability
    reviewed: Reviewed
    true_label: str = ""
    event_id: Annotated[str, msgspec.Meta(min_length=1)]
    complaint_id: ComplaintId
    received_at: Timestamp
    scores: dict[str, Probability]
    is_truncated: bool
    model_version: str
    model_digest: str
    latency_seconds: float
    trace_id: str = ""
    schema_version: Literal[1] = SCHEMA_VERSION

    def __post_init__(self) -> None:
        if self.predicted_label not in LABEL_SCHEMA.names:
            raise ValueError(f"predicted_label is {self.predicted_label!r}: unknown label")
        if self.true_label and self.true_label not in LABEL_SCHEMA.names:
            raise ValueError(f"true_label is {self.true_label!r}: unknown label")
        if bool(self.true_label) != (self.reviewed == "Yes"):
            raise ValueError("true_label has to be set exactly when reviewed is 'Yes'")


COLUMNS = PredictionRow.__struct_fields__


def write_prediction_log(rows: Iterable[PredictionRow]) -> bytes:
    """Return the CSV file (RFC 4180, UTF-8, with header) of `rows`."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_to_cell(row, column) for column in COLUMNS] for row in rows)
    return buffer.getvalue().encode()


def read_prediction_log(content: bytes, name: str) -> Iterator[PredictionRow]:
    """Yield the rows of one file; raises InvalidEventError naming file, row and field."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise InvalidEventError(f"{name}: not UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        if tuple(next(reader, ())) != COLUMNS:
            raise InvalidEventError(f"{name}: the header is not that of prediction log version 1")
        for number, cells in enumerate(reader, start=1):
            yield _from_cells(cells, f"{name}: row {number}")
    except csv.Error as error:
        raise InvalidEventError(f"{name}: line {reader.line_num}: {error}") from error


def first_decisions(rows: Iterable[PredictionRow]) -> list[PredictionRow]:
    """Return one row an event id, its earliest decision, in order of decision.

    The answer is the same in whatever order the objects were listed.
    """
    first: dict[str, PredictionRow] = {}
    for row in rows:
        known = first.get(row.event_id)
        if known is None or _decision_order(row) < _decision_order(known):
            first[row.event_id] = row
    return sorted(first.values(), key=_decision_order)


def _decision_order(row: PredictionRow) -> tuple[datetime, str, str]:
    return row.timestamp, row.event_id, row.model_digest


def prediction_log_key(
    stream: str, shard_id: str, first_sequence_number: str, arrived_at: datetime
) -> str:
    """Return the S3 key of the object whose first record is named; a retry gets the same one."""
    hour = arrived_at.astimezone(UTC).strftime("dt=%Y-%m-%d/hour=%H")
    return f"{PREFIX}{hour}/{stream}-{shard_id}-{first_sequence_number}.csv"


def _to_cell(row: PredictionRow, column: str) -> str:
    value = getattr(row, column)
    if column in _TEXT_COLUMNS:
        return neutralise(value)
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode().strip('"')


def _from_cells(cells: list[str], where: str) -> PredictionRow:
    if len(cells) != len(COLUMNS):
        raise InvalidEventError(f"{where}: {len(cells)} cells: expected {len(COLUMNS)}")
    values: dict[str, object] = dict(zip(COLUMNS, cells, strict=True))
    for column in _TEXT_COLUMNS:
        values[column] = restore(str(values[column]))
    try:
        values["scores"] = msgspec.json.decode(str(values["scores"]))
        return msgspec.convert(values, PredictionRow, strict=False)
    except msgspec.MsgspecError as error:
        raise InvalidEventError(f"{where}: {error}") from error
