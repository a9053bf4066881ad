"""Reading exactly once: which event ids were seen before, in eight bytes a row."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_Hashes = npt.NDArray[np.int64]


class SeenEvents:
    """Remembers the 64-bit hash of every event id, in sorted runs that double in length.

    Two different ids share a hash with a chance of about n^2 / 2^65: three in a million for ten
    million rows. The hashes never leave the process, so Python's own will do.
    """

    def __init__(self) -> None:
        self._runs: list[_Hashes] = []

    def __len__(self) -> int:
        return sum(len(run) for run in self._runs)

    def first_seen(self, event_ids: Sequence[str]) -> list[bool]:
        """Remember the ids and return, for each, whether it came for the first time."""
        hashes = np.fromiter((hash(event_id) for event_id in event_ids), np.int64, len(event_ids))
        unique, first_positions = np.unique(hashes, return_index=True)
        is_new = ~self._contains(unique)
        self._remember(unique[is_new])
        mask = np.zeros(len(event_ids), dtype=bool)
        mask[first_positions[is_new]] = True
        return mask.tolist()

    def _contains(self, hashes: _Hashes) -> npt.NDArray[np.bool_]:
        found = np.zeros(len(hashes), dtype=bool)
        for run in self._runs:
            positions = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
            found |= run[positions] == hashes
        return found

    def _remember(self, hashes: _Hashes) -> None:
        if not len(hashes):
            return
        self._runs.append(hashes)
        while len(self._runs) > 1 and len(self._runs[-1]) * 2 >= len(self._runs[-2]):
            merged = np.concatenate([self._runs.pop(), self._runs.pop()])
            merged.sort(kind="stable")
            self._runs.append(merged)
