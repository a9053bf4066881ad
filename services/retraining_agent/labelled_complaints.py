"""Labelled complaints in memory, and the frozen form in which a holdout is stored."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from libs.events.errors import EventsError
from libs.events.labelled import read_complaints
from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.errors import BadInputError


@dataclass(frozen=True)
class LabelledComplaints:
    """Narratives with their label names; `left_out` counts rows without text or known label."""

    narratives: tuple[str, ...]
    labels: tuple[str, ...]
    complaint_ids: tuple[str, ...]
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.narratives)

    @property
    def label_ids(self) -> list[int]:
        return [LABEL_SCHEMA.label_id(name) for name in self.labels]


def read_labelled_complaints(path: Path) -> LabelledComplaints:
    """Read a file of contract 2; raises BadInputError naming file and column."""
    try:
        found = read_complaints(path)
    except EventsError as error:
        raise BadInputError(str(error)) from error
    if not found.complaints:
        raise BadInputError(f"{path}: no row has both a narrative and a known label")
    return LabelledComplaints(
        narratives=tuple(row.narrative for row in found.complaints),
        labels=tuple(row.label_name or "" for row in found.complaints),
        complaint_ids=tuple(row.complaint_id or "" for row in found.complaints),
        left_out=len(found.omitted),
    )


def encode_labelled_complaints(rows: LabelledComplaints) -> bytes:
    """Return the rows as Parquet, byte for byte the same for the same rows."""
    return parquet_bytes(
        {
            "complaint_id": rows.complaint_ids,
            "narrative": rows.narratives,
            "label": rows.labels,
        }
    )


def decode_labelled_complaints(content: bytes, name: str) -> LabelledComplaints:
    """Decode what `encode_labelled_complaints` wrote; raises BadInputError."""
    try:
        table = pyarrow.parquet.read_table(io.BytesIO(content))
        narratives, labels, complaint_ids = (
            tuple(table[column].to_pylist()) for column in ("narrative", "label", "complaint_id")
        )
    except (pa.ArrowException, OSError, KeyError) as error:
        raise BadInputError(f"{name} is not a stored set of labelled complaints") from error
    return LabelledComplaints(narratives, labels, complaint_ids)


def parquet_bytes(columns: Mapping[str, Sequence[str]]) -> bytes:
    """Return columns of text as one Parquet file."""
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()
