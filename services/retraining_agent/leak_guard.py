"""Keeps narratives of frozen rows, and near duplicates of them, out of training."""

from collections import Counter
from collections.abc import Iterable

from services.retraining_agent.shingles import shingles

_MAX_SHARED = 0.5
_PREFIX = 100


class LeakGuard:
    """Knows the frozen narratives by their runs of four words and by how they begin."""

    def __init__(self, frozen: Iterable[str]) -> None:
        self._beginnings: set[str] = set()
        self._rows_by_shingle: dict[int, list[int]] = {}
        self._sizes: list[int] = []
        for number, narrative in enumerate(frozen):
            self._beginnings.add(_beginning(narrative))
            found = shingles(narrative)
            self._sizes.append(len(found))
            for shingle in found:
                self._rows_by_shingle.setdefault(shingle, []).append(number)

    def leaks(self, narrative: str) -> bool:
        """Say whether the narrative is, nearly, one of the frozen ones.

        Two are near when they share half of the shorter one's runs of four words.
        """
        if _beginning(narrative) in self._beginnings:
            return True
        own = shingles(narrative)
        shared = Counter(n for shingle in own for n in self._rows_by_shingle.get(shingle, ()))
        return any(
            count / min(len(own), self._sizes[number]) > _MAX_SHARED
            for number, count in shared.items()
        )


def _beginning(narrative: str) -> str:
    return " ".join(narrative.lower().split())[:_PREFIX]
