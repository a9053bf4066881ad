"""From a complaint file to prepared rows: what is left out, what repeats, what trains and tests.

Narratives go to disk in batches; only numbers about them stay in memory.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from libs.events.labelled import ComplaintRow, OmittedRow, iterate_complaints
from libs.labels.schema import LABEL_SCHEMA
from services.trainer.config import DataConfig
from services.trainer.errors import DataError
from services.trainer.gather import BATCH_ROWS, ROWS_FILE, Gatherer
from services.trainer.split import (
    SPLIT_NAMES,
    TEST,
    TRAIN,
    SplitFacts,
    assign_splits,
    count_leaks,
    count_splits,
)

SPLITS_FILE = "splits.npy"
SUMMARY_FILE = "prepared.json"


@dataclass(frozen=True)
class DataFiles:
    """The complaints to learn from, and optionally a file kept for testing alone."""

    data: Path
    test: Path | None = None

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for path in (self.data, self.test):
            digest.update(b"-" if path is None else _file_digest(path))
        return digest.hexdigest()


class PreparedSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What preparing did, as `prepared.json` holds it."""

    rows: int
    omitted: dict[str, int]
    splits: dict[str, dict[str, int]]
    clusters: int
    rows_in_clusters: int
    leaking_rows: int
    training_data_fingerprint: str

    @property
    def has_test_rows(self) -> bool:
        return any(self.splits[SPLIT_NAMES[TEST]].values())

    @property
    def digest(self) -> str:
        """Equal for rows that were prepared alike from the same training rows."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


@dataclass(frozen=True)
class PreparedData:
    """Prepared rows on disk."""

    directory: Path
    summary: PreparedSummary


def prepare(
    files: DataFiles,
    config: DataConfig,
    directory: Path,
    advance: Callable[[int], None] = lambda rows: None,
) -> PreparedData:
    """Write prepared rows into the empty folder `directory`.

    `advance` hears how many rows have been read. Raises ComplaintFileError, DataError or LeakError.
    """
    gatherer = Gatherer(directory, signatures=not _has_clusters(files))
    gatherer.gather(_chosen_rows(files, config.limit, config.seed), advance)
    try:
        facts = gatherer.facts(config.similarity)
    except DataError as error:
        raise DataError(f"{files.data}: {error}") from error
    splits = assign_splits(facts, config)
    np.save(directory / SPLITS_FILE, splits)
    summary = _summarise(directory, gatherer.omitted, facts, splits)
    (directory / SUMMARY_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(summary)))
    return PreparedData(directory, summary)


def open_prepared(directory: Path) -> PreparedData:
    """Open what `prepare` wrote; raises DataError."""
    try:
        summary = msgspec.json.decode((directory / SUMMARY_FILE).read_bytes(), type=PreparedSummary)
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(f"{directory} holds no prepared complaints: run prepare first") from error
    return PreparedData(directory, summary)


def iterate_split(prepared: PreparedData, split: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of one split in batches, in the columns of `prepared_batch`."""
    splits = np.load(prepared.directory / SPLITS_FILE, allow_pickle=False)
    start = 0
    with pq.ParquetFile(prepared.directory / ROWS_FILE) as file:
        for batch in file.iter_batches(BATCH_ROWS):
            chosen = splits[start : start + batch.num_rows] == split
            start += batch.num_rows
            if chosen.any():
                yield batch.filter(pa.array(chosen))


def _has_clusters(files: DataFiles) -> bool:
    """Tell whether a single file says who duplicates whom; two files number on their own."""
    if files.test is not None:
        return False
    first = next((r for r in iterate_complaints(files.data) if isinstance(r, ComplaintRow)), None)
    return first is not None and first.cluster is not None


def _chosen_rows(
    files: DataFiles, limit: int, seed: int
) -> Iterator[tuple[ComplaintRow | OmittedRow, bool]]:
    """Yield the rows of both files, each with whether it is of the test file."""
    chosen = _draw_rows(files.data, limit, seed) if limit else None
    for row in iterate_complaints(files.data):
        if chosen is None or row.row in chosen or isinstance(row, OmittedRow):
            yield row, False
    if files.test is not None:
        for row in iterate_complaints(files.test):
            yield row, True


def _draw_rows(path: Path, limit: int, seed: int) -> frozenset[int]:
    usable = np.fromiter(
        (row.row for row in iterate_complaints(path) if isinstance(row, ComplaintRow)), np.int64
    )
    if len(usable) > limit:
        usable = np.random.default_rng(seed).choice(usable, limit, replace=False)
    return frozenset(usable.tolist())


def _summarise(
    directory: Path,
    omitted: dict[str, int],
    facts: SplitFacts,
    splits: npt.NDArray[np.int8],
) -> PreparedSummary:
    sizes = np.bincount(facts.clusters)
    return PreparedSummary(
        rows=len(splits),
        omitted=omitted,
        splits=count_splits(splits, facts.label_ids, LABEL_SCHEMA.names),
        clusters=int((sizes > 1).sum()),
        rows_in_clusters=int(sizes[sizes > 1].sum()),
        leaking_rows=count_leaks(splits, facts.clusters),
        training_data_fingerprint=_training_fingerprint(directory, splits),
    )


def _training_fingerprint(directory: Path, splits: npt.NDArray[np.int8]) -> str:
    """SHA-256 over label and narrative of every training row, in order."""
    digest = hashlib.sha256()
    start = 0
    with pq.ParquetFile(directory / ROWS_FILE) as file:
        for batch in file.iter_batches(BATCH_ROWS, columns=["label_id", "narrative"]):
            chosen = splits[start : start + batch.num_rows] == TRAIN
            start += batch.num_rows
            for row in batch.filter(pa.array(chosen)).to_pylist():
                digest.update(f"{row['label_id']}\0{row['narrative']}\0".encode())
    return digest.hexdigest()


def _file_digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
