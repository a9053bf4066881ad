"""Runs of four words: what near duplicates share."""

import re

_WORDS = 4
_WORD = re.compile(r"\w+")


def shingles(text: str) -> frozenset[int]:
    """Return the hashed runs of four words of a text, or of all its words if it has fewer."""
    words = _WORD.findall(text.lower())
    runs = zip(*(words[start:] for start in range(_WORDS)), strict=False)
    return frozenset(map(hash, runs)) or frozenset([hash(tuple(words))])


def similarity(one: frozenset[int], other: frozenset[int]) -> float:
    """Return the Jaccard similarity of two sets of shingles."""
    return len(one & other) / len(one | other)
