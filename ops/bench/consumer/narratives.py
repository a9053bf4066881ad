"""Real narratives for the stream, as many as are asked for."""

import os
from itertools import cycle, islice
from pathlib import Path

import pyarrow.parquet as pq

from ops.bench.serving.narratives import NarrativesError

_FILES = ("complaints_unlabelled.parquet", "complaints_test.parquet", "complaints_train.parquet")


def load_narratives(count: int) -> list[str]:
    """Return `count` narratives of the folder COMPLAINTS_DATA, again from the start if need be."""
    folder = os.environ.get("COMPLAINTS_DATA")
    if folder is None:
        raise NarrativesError("COMPLAINTS_DATA is not set: expected a folder of real narratives")
    narratives: list[str] = []
    for name in _FILES:
        if len(narratives) < count:
            table = pq.read_table(Path(folder) / name, columns=["narrative"])
            narratives += table.column("narrative").to_pylist()
    return list(islice(cycle(narratives), count))


def median_narratives(count: int) -> list[str]:
    """Return the `count` narratives whose lengths are nearest to the median."""
    ordered = sorted(load_narratives(5_000), key=len)
    middle = len(ordered) // 2
    return ordered[middle - count // 2 : middle - count // 2 + count]
