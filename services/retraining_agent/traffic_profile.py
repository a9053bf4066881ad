"""What a set of classified narratives looks like, in counts that can be kept and compared."""

import re
from bisect import bisect_right
from collections import Counter

import msgspec

from libs.labels.schema import LABEL_SCHEMA

LENGTH_EDGES = (100, 200, 350, 500, 700, 1000, 1400, 2000, 3000, 5000)
"""Characters of a narrative; real ones have a median near 800."""
CONFIDENCE_EDGES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
VOCABULARY_ROWS = 2000
"""Narratives whose words are counted: more would cost minutes and change no digit that matters."""
_WORDS_KEPT = 10_000
_WORD = re.compile(r"[a-z]{3,20}")


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Counts over rows; `length_counts[i]` counts lengths below `LENGTH_EDGES[i]`, the last the
    rest; `words_total` counts all words, `word_counts` only the frequent ones."""

    rows: int
    label_counts: dict[str, int]
    length_counts: list[int]
    confidence_counts: list[int]
    word_counts: dict[str, int]
    words_total: int


class ProfileBuilder:
    """Collects a Profile row by row in memory that does not grow with the rows."""

    def __init__(self) -> None:
        self.rows = 0
        self._labels = dict.fromkeys(LABEL_SCHEMA.names, 0)
        self._lengths = [0] * (len(LENGTH_EDGES) + 1)
        self._confidences = [0] * (len(CONFIDENCE_EDGES) + 1)
        self._words: Counter[str] = Counter()

    def add(self, text: str, label_name: str, confidence: float) -> None:
        """Count one classified narrative."""
        if self.rows < VOCABULARY_ROWS:
            self._words.update(_WORD.findall(text.lower()))
        self.rows += 1
        self._labels[label_name] += 1
        self._lengths[bisect_right(LENGTH_EDGES, len(text))] += 1
        self._confidences[bisect_right(CONFIDENCE_EDGES, confidence)] += 1

    def build(self) -> Profile:
        """Return the counts so far."""
        return Profile(
            rows=self.rows,
            label_counts=dict(self._labels),
            length_counts=list(self._lengths),
            confidence_counts=list(self._confidences),
            word_counts=dict(self._words.most_common(_WORDS_KEPT)),
            words_total=self._words.total(),
        )
