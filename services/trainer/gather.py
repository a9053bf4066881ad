"""Reads complaint rows once: narratives go to disk, numbers about them stay in memory."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from libs.events.labelled import ComplaintRow, OmittedRow
from libs.labels.schema import LABEL_SCHEMA
from services.trainer.clusters import (
    SignatureMaker,
    cluster_signatures,
    exact_key,
    merge_clusters,
)
from services.trainer.errors import DataError
from services.trainer.split import NO_DAY, SplitFacts

ROWS_FILE = "rows.parquet"
OMITTED_FILE = "omitted.csv"
BATCH_ROWS = 4096

_ROW_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("narrative", pa.string()),
        ("label_id", pa.int8()),
        ("year", pa.int16()),
        ("source", pa.string()),
        ("variant", pa.string()),
        ("issue", pa.string()),
        ("complaint_id", pa.string()),
    ]
)
ROW_COLUMNS = ",".join(_ROW_SCHEMA.names)
"""Of prepared rows: those of an earlier program, with others, are prepared again."""


class Gatherer:
    """Writes the narratives of usable rows, and keeps the numbers that splitting needs."""

    def __init__(self, directory: Path, signatures: bool) -> None:
        self._directory = directory
        self._maker = SignatureMaker() if signatures else None
        self._signatures: list[npt.NDArray[np.uint32]] = []
        self._numbers: list[npt.NDArray[np.int64]] = []
        self._cluster_numbers: dict[str, int] = {}
        self.omitted: dict[str, int] = {}
        self._first_omitted: OmittedRow | None = None

    def gather(
        self,
        rows: Iterator[tuple[ComplaintRow | OmittedRow, bool]],
        advance: Callable[[int], None],
    ) -> None:
        with (
            pq.ParquetWriter(self._directory / ROWS_FILE, _ROW_SCHEMA) as writer,
            (self._directory / OMITTED_FILE).open("w", encoding="utf-8") as omitted,
        ):
            omitted.write("row,reason\n")
            read = 0
            for batch in _batched(rows, BATCH_ROWS):
                usable = [(row, test) for row, test in batch if isinstance(row, ComplaintRow)]
                if usable:
                    self._keep(usable)
                    writer.write_batch(prepared_batch([row for row, _ in usable]))
                for row, _ in batch:
                    if isinstance(row, OmittedRow):
                        self._first_omitted = self._first_omitted or row
                        self.omitted[row.reason] = self.omitted.get(row.reason, 0) + 1
                        omitted.write(f"{row.row},{row.reason}\n")
                read += len(batch)
                advance(read)

    def facts(self, similarity: float) -> SplitFacts:
        """Return what was gathered, duplicates clustered; raises DataError when it is nothing."""
        if not self._numbers:
            raise DataError(f"no usable row: {self._left_out() or 'the file has no rows'}")
        numbers = np.concatenate(self._numbers)
        clusters = merge_clusters(numbers[:, 3], self._near_duplicates(numbers, similarity))
        return SplitFacts(numbers[:, 0], clusters, numbers[:, 1], numbers[:, 2].astype(np.bool_))

    def _left_out(self) -> str:
        """Say how many rows were left out for each reason, and show the first of them."""
        counts = ", ".join(f"{count} {reason}" for reason, count in self.omitted.items())
        known = ", ".join(LABEL_SCHEMA.names)
        return counts and f"{counts} (first: {self._first_omitted}; labels are {known})"

    def _near_duplicates(
        self, numbers: npt.NDArray[np.int64], similarity: float
    ) -> npt.NDArray[np.int64]:
        if self._maker is None:
            return numbers[:, 4]
        return cluster_signatures(np.concatenate(self._signatures), similarity)

    def _keep(self, rows: list[tuple[ComplaintRow, bool]]) -> None:
        self._numbers.append(
            np.array(
                [
                    (
                        LABEL_SCHEMA.label_id(row.label_name or ""),
                        _days(row.date_received),
                        is_test_file,
                        exact_key(row.narrative),
                        self._cluster_number(row),
                    )
                    for row, is_test_file in rows
                ],
                dtype=np.int64,
            )
        )
        if self._maker is not None:
            self._signatures.append(np.stack([self._maker.signature(r.narrative) for r, _ in rows]))

    def _cluster_number(self, row: ComplaintRow) -> int:
        if self._maker is not None:
            return 0
        key = f"={row.cluster}" if row.cluster is not None else f"row {row.row}"
        return self._cluster_numbers.setdefault(key, len(self._cluster_numbers))


def prepared_batch(rows: Sequence[ComplaintRow]) -> pa.RecordBatch:
    """Return labelled rows in the columns row, narrative, label_id, year, source, variant,
    issue and complaint_id."""
    return pa.RecordBatch.from_pydict(
        {
            "row": [row.row for row in rows],
            "narrative": [row.narrative for row in rows],
            "label_id": [LABEL_SCHEMA.label_id(row.label_name or "") for row in rows],
            "year": [row.date_received.year if row.date_received else None for row in rows],
            "source": [row.source for row in rows],
            "variant": [row.variant for row in rows],
            "issue": [row.issue for row in rows],
            "complaint_id": [row.complaint_id for row in rows],
        },
        schema=_ROW_SCHEMA,
    )


def _batched(
    rows: Iterator[tuple[ComplaintRow | OmittedRow, bool]], size: int
) -> Iterator[list[tuple[ComplaintRow | OmittedRow, bool]]]:
    while batch := list(itertools.islice(rows, size)):
        yield batch


def _days(day: date | None) -> int:
    return NO_DAY if day is None else (day - date(1970, 1, 1)).days
