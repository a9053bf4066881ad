"""The narratives that are sent: real ones where `COMPLAINTS_DATA` has them."""

import os
import random
from pathlib import Path

import pyarrow.parquet as pq

TEST_FILE = "complaints_test.parquet"


class NarrativesError(Exception):
    """There are no narratives to measure with."""


def load_narratives(count: int, seed: int = 7) -> list[str]:
    """Return `count` narratives in a fixed random order, of the lengths that real ones have."""
    folder = os.environ.get("COMPLAINTS_DATA")
    if folder is None:
        raise NarrativesError(
            f"COMPLAINTS_DATA is not set: expected a folder with {TEST_FILE}, since speed depends "
            "on the lengths of real narratives"
        )
    table = pq.read_table(Path(folder) / TEST_FILE, columns=["narrative"])
    narratives: list[str] = table.column("narrative").to_pylist()
    random.Random(seed).shuffle(narratives)
    return narratives[:count]
