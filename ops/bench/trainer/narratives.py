"""Invented narratives as long as real ones, some of them nearly alike."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SYLLABLES = ("ba", "cor", "de", "fin", "gu", "hal", "ki", "lo", "men", "nis", "pra", "tor", "ux")
VOCABULARY = 30_000
# Real narratives have a median of 177 tokens, which is about 140 words; preparing counts words.
MEDIAN_WORDS, SPREAD = 140, 0.8
MIN_WORDS, MAX_WORDS = 20, 1500


@dataclass(frozen=True)
class NarrativeSpec:
    """How many narratives, and which share of them is another one with a few words changed."""

    count: int
    duplicates: float = 0.2
    seed: int = 7


def generate_narratives(spec: NarrativeSpec, chunk: int = 10_000) -> Iterator[list[str]]:
    """Yield the narratives in chunks; a near duplicate is of the same chunk."""
    generator = np.random.default_rng(spec.seed)
    words = _vocabulary()
    # Zipf: the word of rank r occurs in proportion to 1 / r.
    weights = 1 / np.arange(1, VOCABULARY + 1)
    cumulative = np.cumsum(weights) / weights.sum()
    for start in range(0, spec.count, chunk):
        size = min(chunk, spec.count - start)
        originals: list[npt.NDArray[np.int64]] = []
        for _ in range(size):
            if originals and generator.random() < spec.duplicates:
                changed = originals[generator.integers(len(originals))].copy()
                changed[generator.integers(0, len(changed), 2)] = generator.integers(0, VOCABULARY)
                originals.append(changed)
                continue
            length = generator.lognormal(np.log(MEDIAN_WORDS), SPREAD)
            count = int(np.clip(length, MIN_WORDS, MAX_WORDS))
            originals.append(np.searchsorted(cumulative, generator.random(count)))
        yield [" ".join(words[ids]) for ids in originals]


def _vocabulary() -> npt.NDArray[np.object_]:
    """Return VOCABULARY different words: their ranks, spelt in syllables."""
    base = len(SYLLABLES)
    words = np.empty(VOCABULARY, dtype=object)
    for rank in range(VOCABULARY):
        digits = (rank // base**place % base for place in range(5))
        words[rank] = "".join(SYLLABLES[digit] for digit in digits)
    return words
