"""The prediction log as Parquet: one file a day, each decision once. Knows no S3.

Apart from prediction_log.py, so that who only writes the log needs no pyarrow. A row's day is that
of `received_at`, which every repeat of an event shares: repeats always meet in one file.
"""

import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from libs.events.errors import InvalidEventError
from libs.events.prediction_log import PredictionRow, first_decisions

PREFIX = "compacted/"

_MOMENT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        pa.field("timestamp", _MOMENT, nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("predicted_label", pa.string(), nullable=False),
        pa.field("confidence", pa.float64(), nullable=False),
        pa.field("reviewed", pa.string(), nullable=False),
        pa.field("true_label", pa.string(), nullable=False),
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("complaint_id", pa.string(), nullable=False),
        pa.field("received_at", _MOMENT, nullable=False),
        pa.field("scores", pa.map_(pa.string(), pa.float64()), nullable=False),
        pa.field("is_truncated", pa.bool_(), nullable=False),
        pa.field("model_version", pa.string(), nullable=False),
        pa.field("model_digest", pa.string(), nullable=False),
        pa.field("latency_seconds", pa.float64(), nullable=False),
        pa.field("trace_id", pa.string(), nullable=False),
        pa.field("schema_version", pa.int32(), nullable=False),
    ]
)


def day_of(row: PredictionRow) -> date:
    """Return the day whose file a row belongs to."""
    return row.received_at.astimezone(UTC).date()


def compacted_key(day: date) -> str:
    """Return the S3 key of a day's file."""
    return f"{PREFIX}dt={day.isoformat()}/predictions.parquet"


def rows_by_day(rows: Iterable[PredictionRow]) -> Mapping[date, list[PredictionRow]]:
    """Group rows by the file that they belong to."""
    days: dict[date, list[PredictionRow]] = defaultdict(list)
    for row in rows:
        days[day_of(row)].append(row)
    return days


def merge_day(compacted: Sequence[PredictionRow], rows: Iterable[PredictionRow]) -> bytes:
    """Return the day's new file; the same bytes again when `rows` bring nothing new."""
    return write_compacted(first_decisions([*compacted, *rows]))


def write_compacted(rows: Sequence[PredictionRow]) -> bytes:
    """Return the Parquet file of rows, in the given order."""
    table = pa.Table.from_pylist([_to_record(row) for row in rows], schema=SCHEMA)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def read_compacted(content: bytes, name: str) -> list[PredictionRow]:
    """Return the rows of one file; raises InvalidEventError naming file and row."""
    try:
        table = pq.read_table(io.BytesIO(content), schema=SCHEMA)
    except (pa.ArrowException, OSError) as error:
        raise InvalidEventError(f"{name}: not a Parquet file of the prediction log") from error
    return [
        _from_record(record, f"{name}: row {number}")
        for number, record in enumerate(table.to_pylist(), start=1)
    ]


def _to_record(row: PredictionRow) -> dict[str, object]:
    return {**msgspec.structs.asdict(row), "scores": list(row.scores.items())}


def _from_record(record: dict[str, object], where: str) -> PredictionRow:
    values = {**record, "scores": dict(_pairs(record["scores"]))}
    try:
        return msgspec.convert(values, PredictionRow)
    except msgspec.ValidationError as error:
        raise InvalidEventError(f"{where}: {error}") from error


def _pairs(scores: object) -> list[tuple[str, float]]:
    return msgspec.convert(scores, list[tuple[str, float]])
