"""Real narratives for the stream, as many as are asked for."""

import os
from collections.abc import Iterable
from itertools import cycle, islice
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq

from ops.bench.serving.narratives import NarrativesError

_FILES = ("complaints_unlabelled.parquet", "complaints_test.parquet", "complaints_train.parquet")
_COLUMN = "narrative"


def load_narratives(count: int, path: Path | None = None) -> list[str]:
    """Return `count` narratives of a file, or else of the folder COMPLAINTS_DATA.

    They begin again from the first where there are fewer.
    """
    narratives: list[str] = []
    for file in _default_files() if path is None else [path]:
        if len(narratives) < count:
            narratives += _read(file)
    if not narratives:
        raise NarrativesError(f"{path}: no narratives in its column {_COLUMN!r}")
    return list(islice(cycle(narratives), count))


def median_narratives(narratives: Iterable[str], count: int) -> list[str]:
    """Return the `count` narratives whose lengths are nearest to the median."""
    ordered = sorted(narratives, key=len)
    first = max((len(ordered) - count) // 2, 0)
    return ordered[first : first + count]


def _default_files() -> list[Path]:
    folder = os.environ.get("COMPLAINTS_DATA")
    if folder is None:
        raise NarrativesError(
            "COMPLAINTS_DATA is not set: expected --narratives or a folder of real narratives"
        )
    return [Path(folder) / name for name in _FILES]


def _read(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        column = pq.read_table(path, columns=[_COLUMN]).column(_COLUMN)
    else:
        options = pyarrow.csv.ParseOptions(newlines_in_values=True)
        column = pyarrow.csv.read_csv(path, parse_options=options).column(_COLUMN)
    return [text for text in column.to_pylist() if text]
