"""Times the served graph against float32, in turns, so that a busy machine slows both."""

import statistics
import time
from collections.abc import Callable, Sequence

import msgspec

from services.onnx_exporter.pieces import cut_pieces

LENGTHS = (32, 64, 128, 256, 512)
ROUNDS = 11

Run = Callable[[int], object]
"""Runs one narrative of so many tokens."""


class LatencyRow(msgspec.Struct, frozen=True):
    """Medians of one narrative of `length` tokens."""

    length: int
    reference_seconds: float
    served_seconds: float

    @property
    def speedup(self) -> float:
        return self.reference_seconds / self.served_seconds


def prepare_runs(logits: Callable[[Sequence[int]], object], stream: Sequence[int]) -> Run:
    """Return a run over pieces of `stream`, a long run of token ids."""
    pieces = {len(piece): piece for piece in cut_pieces(stream, LENGTHS)}
    return lambda length: logits(pieces[length])


def measure_latency(
    reference: Run, served: Run, limit: int, rounds: int = ROUNDS
) -> list[LatencyRow]:
    """Return a row for each length up to `limit` tokens."""
    return [_measure(reference, served, length, rounds) for length in LENGTHS if length <= limit]


def _measure(reference: Run, served: Run, length: int, rounds: int) -> LatencyRow:
    slow, fast = [], []
    for _ in range(rounds):
        slow.append(_seconds(reference, length))
        fast.append(_seconds(served, length))
    return LatencyRow(length, statistics.median(slow), statistics.median(fast))


def _seconds(run: Run, length: int) -> float:
    start = time.perf_counter()
    run(length)
    return time.perf_counter() - start
