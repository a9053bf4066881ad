"""Preparing ever more rows: how fast, in how much memory, and what that means for millions."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from libs.labels.schema import LABEL_SCHEMA
from ops.bench.trainer import prepare_once
from ops.bench.trainer.narratives import NarrativeSpec, generate_narratives

MIB = 2**20
_SCHEMA = pa.schema([("narrative", pa.string()), ("label", pa.string())])


class ScalePoint(msgspec.Struct, frozen=True):
    """One size. Memory is the peak of the whole process, program and all."""

    rows: int
    seconds: float
    cpu_seconds: float
    peak_mib: float

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds


def measure_scale(sizes: Sequence[int]) -> list[ScalePoint]:
    """Prepare generated rows of every size, each in a new process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [_measure(size, folder) for size in sizes]


def estimate_mib(points: Sequence[ScalePoint], rows: int) -> float:
    """Return the peak memory of `rows` on the straight line through all sizes."""
    slope, base = np.polyfit([p.rows for p in points], [p.peak_mib for p in points], 1)
    return float(base + slope * rows)


def _measure(rows: int, folder: Path) -> ScalePoint:
    data, work = folder / f"{rows}.parquet", folder / f"{rows}"
    _write_rows(data, rows)
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", prepare_once.__name__, str(data), str(work)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    data.unlink()
    kib = usage.ru_maxrss if sys.platform == "linux" else usage.ru_maxrss / 1024
    return ScalePoint(rows, seconds, usage.ru_utime + usage.ru_stime, kib * 1024 / MIB)


def _write_rows(path: Path, rows: int) -> None:
    names = np.array(LABEL_SCHEMA.names)
    generator = np.random.default_rng(rows)
    with pq.ParquetWriter(path, _SCHEMA) as writer:
        for narratives in generate_narratives(NarrativeSpec(rows)):
            labels = names[generator.integers(0, len(names), len(narratives))].tolist()
            columns = {"narrative": narratives, "label": labels}
            writer.write_batch(pa.RecordBatch.from_pydict(columns, schema=_SCHEMA))
