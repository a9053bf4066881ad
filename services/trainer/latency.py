"""How long the checkpoint takes over one narrative, by its length, where it is evaluated."""

import statistics
import time
from collections.abc import Callable

import msgspec
import numpy as np

from services.trainer.dataset import TokenizedSplit

LENGTHS = (32, 64, 128, 256, 512)
ROUNDS = 9


class LatencyPoint(msgspec.Struct, frozen=True):
    """Median milliseconds of one narrative of so many tokens, alone in its batch."""

    tokens: int
    milliseconds: float


def measure_latency(
    predict: Callable[[TokenizedSplit], object],
    split: TokenizedSplit,
    now: Callable[[], float] = time.perf_counter,
) -> list[LatencyPoint]:
    """Time `predict` on narratives made of the tokens of `split`, up to its longest."""
    longest = int(split.lengths.max())
    lengths = [*(length for length in LENGTHS if length < longest), longest]
    pieces = [_narrative(split, length) for length in lengths]
    seconds: list[list[float]] = [[] for _ in lengths]
    for piece in pieces:
        predict(piece)
    for _ in range(ROUNDS):
        # In turns, so that a busy moment slows all lengths.
        for found, piece in zip(seconds, pieces, strict=True):
            started = now()
            predict(piece)
            found.append(now() - started)
    return [
        LatencyPoint(length, 1e3 * statistics.median(found))
        for length, found in zip(lengths, seconds, strict=True)
    ]


def _narrative(split: TokenizedSplit, length: int) -> TokenizedSplit:
    """One narrative of `length` tokens."""
    one = np.zeros(1, dtype=np.int64)
    return TokenizedSplit(
        tokens=np.resize(split.tokens, length),
        offsets=np.array([0, length], dtype=np.int64),
        label_ids=one,
        token_counts=one + length,
        rows=one,
        years=one,
        sources=(None,),
        variants=(None,),
        issues=(None,),
    )
