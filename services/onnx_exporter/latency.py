"""Times the served graph against float32, in turns, so that a busy machine slows both."""

import statistics
import time
from collections.abc import Callable, Sequence

import msgspec

LENGTHS = (32, 64, 128, 256, 512)
ROUNDS = 11

Run = Callable[[Sequence[int]], object]


class LatencyRow(msgspec.Struct, frozen=True):
    """Medians of one narrative of `length` tokens."""

    length: int
    reference_seconds: float
    served_seconds: float

    @property
    def speedup(self) -> float:
        return self.reference_seconds / self.served_seconds


def measure_latency(
    reference: Run, served: Run, pieces: Sequence[Sequence[int]], rounds: int = ROUNDS
) -> list[LatencyRow]:
    """Return a row for each piece of token ids."""
    return [_measure(reference, served, piece, rounds) for piece in pieces]


def _measure(reference: Run, served: Run, piece: Sequence[int], rounds: int) -> LatencyRow:
    slow, fast = [], []
    for _ in range(rounds):
        slow.append(_seconds(reference, piece))
        fast.append(_seconds(served, piece))
    return LatencyRow(len(piece), statistics.median(slow), statistics.median(fast))


def _seconds(run: Run, piece: Sequence[int]) -> float:
    start = time.perf_counter()
    run(piece)
    return time.perf_counter() - start
