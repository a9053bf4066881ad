"""Reads complaint files, labelled or not (contract 2): CSV or Parquet, a row at a time."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from libs.events.errors import EventsError
from libs.labels.cfpb import label_for_product
from libs.text.errors import InvalidNarrativeError
from libs.text.normalise import normalise

NARRATIVE = "narrative"
LABEL_COLUMNS = ("label", "product")  # the first one that the file has decides
OPTIONAL_COLUMNS = ("complaint_id", "date_received", "cluster", "source", "variant", "issue")
BATCH_ROWS = 4096
CSV_BLOCK_BYTES = 1 << 24  # the longest row that can be read


class ComplaintFileError(EventsError):
    """A complaint file that cannot be read at all; the message names file and column."""


@dataclass(frozen=True)
class ComplaintRow:
    """One usable row. `label_name` is None only where no label was asked for and none is known."""

    row: int
    """1 for the first row under the header."""
    narrative: str
    label_name: str | None
    complaint_id: str | None = None
    date_received: date | None = None
    cluster: str | None = None
    source: str | None = None
    variant: str | None = None
    issue: str | None = None


@dataclass(frozen=True)
class OmittedRow:
    """One row that was left out, and why."""

    row: int
    reason: str
    """One of a handful of sentences, fit for counting."""
    value: str | None = None
    """The label that the schema does not have."""

    def __str__(self) -> str:
        detail = "" if self.value is None else f" {self.value!r}"
        return f"row {self.row}: {self.reason}{detail}"


@dataclass(frozen=True)
class ComplaintFile:
    """A whole file in memory: for the small ones."""

    complaints: list[ComplaintRow]
    omitted: list[OmittedRow]


def read_complaints(path: Path, require_label: bool = True) -> ComplaintFile:
    """Read a whole complaint file; raises ComplaintFileError."""
    complaints: list[ComplaintRow] = []
    omitted: list[OmittedRow] = []
    for row in iterate_complaints(path, require_label):
        if isinstance(row, ComplaintRow):
            complaints.append(row)
        else:
            omitted.append(row)
    return ComplaintFile(complaints, omitted)


def iterate_complaints(
    path: Path, require_label: bool = True
) -> Iterator[ComplaintRow | OmittedRow]:
    """Yield every row of the file in order, usable or left out; raises ComplaintFileError."""
    try:
        with path.open("rb") as file:
            yield from _rows(_batches(file, path, require_label), require_label)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ComplaintFileError(f"{path} cannot be read: {reason}") from error
    except pa.ArrowException as error:
        raise ComplaintFileError(f"{path} is not readable: {_without_text(error)}") from error


def count_by_reason(omitted: Iterable[OmittedRow]) -> dict[str, int]:
    """Return how many rows were left out for each reason, most frequent first."""
    return dict(Counter(row.reason for row in omitted).most_common())


def _batches(file: BinaryIO, path: Path, require_label: bool) -> Iterator[pa.RecordBatch]:
    """Yield batches of the known columns alone, all of them strings."""
    if file.seek(0, io.SEEK_END) == 0:
        raise ComplaintFileError(f"{path} is empty: expected a header and rows")
    file.seek(0)
    if path.suffix.lower() == ".parquet":
        parquet = pa.parquet.ParquetFile(file)
        columns = _wanted_columns(parquet.schema_arrow.names, path, require_label)
        for batch in parquet.iter_batches(BATCH_ROWS, columns=columns):
            yield batch.cast(pa.schema([(name, pa.string()) for name in batch.schema.names]))
        return
    if path.suffix.lower() != ".csv":
        raise ComplaintFileError(f"{path} has an unknown kind: expected .csv or .parquet")
    columns = _wanted_columns(_csv_header(file, path), path, require_label)
    yield from pa.csv.open_csv(
        file,
        read_options=pa.csv.ReadOptions(block_size=CSV_BLOCK_BYTES, use_threads=False),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            include_columns=columns, column_types=dict.fromkeys(columns, pa.string())
        ),
    )


def _csv_header(file: BinaryIO, path: Path) -> list[str]:
    try:
        line = file.readline(1 << 16).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ComplaintFileError(f"{path} is not UTF-8") from error
    file.seek(0)
    return next(csv.reader([line]), [])


def _wanted_columns(found: list[str], path: Path, require_label: bool) -> list[str]:
    names = ", ".join(found) or "none"
    if NARRATIVE not in found:
        raise ComplaintFileError(f"{path} has no column {NARRATIVE!r}: its columns are {names}")
    label = [name for name in LABEL_COLUMNS if name in found][:1]
    if require_label and not label:
        raise ComplaintFileError(
            f"{path} has neither a column 'label' nor 'product': its columns are {names}"
        )
    return [NARRATIVE, *label, *(name for name in OPTIONAL_COLUMNS if name in found)]


def _rows(
    batches: Iterable[pa.RecordBatch], require_label: bool
) -> Iterator[ComplaintRow | OmittedRow]:
    number = 0
    for batch in batches:
        for values in batch.to_pylist():
            number += 1
            yield _row(number, values, require_label)


def _row(
    number: int, values: dict[str, str | None], require_label: bool
) -> ComplaintRow | OmittedRow:
    try:
        normalise(values[NARRATIVE] or "")
    except InvalidNarrativeError:
        return OmittedRow(number, "no narrative")
    product = values.get("label") or values.get("product")
    label_name = label_for_product(product) if product else None
    if label_name is None and require_label:
        return OmittedRow(number, "unknown label" if product else "no label", product)
    return ComplaintRow(
        row=number,
        narrative=values[NARRATIVE] or "",
        label_name=label_name,
        complaint_id=values.get("complaint_id") or None,
        date_received=_date(values.get("date_received")),
        cluster=values.get("cluster") or None,
        source=values.get("source") or None,
        variant=values.get("variant") or None,
        issue=values.get("issue") or None,
    )


def _date(value: str | None) -> date | None:
    """Return the day of an ISO date or timestamp; other notations count as no date."""
    try:
        return date.fromisoformat(value[:10]) if value else None
    except ValueError:
        return None


def _without_text(error: Exception) -> str:
    """Return what Arrow found wrong, short of the row that it quotes."""
    found = re.search(r"Row #\d+: Expected \d+ columns, got \d+", str(error))
    if found:
        return found.group()
    return "invalid UTF-8" if "UTF8" in str(error) else "its content is not of that kind"
