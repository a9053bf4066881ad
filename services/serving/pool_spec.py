"""What a pool of sessions is to the rest of the service, without the runtime."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PoolSpec:
    """How the graph is run. `batch_tokens` of 0 means one unpadded narrative per run."""

    cores: int
    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    batch_tokens: int = 0
    pad_id: int = 0


class Pool(Protocol):
    """Computes logits from token ids."""

    spec: PoolSpec

    @property
    def uses_wide(self) -> bool:
        """Whether a narrative that is alone is computed by all cores."""

    def run(self, sequences: Sequence[list[int]], is_alone: bool) -> list[Logits]:
        """Return one row of logits a sequence, shape (num_labels,)."""

    def calibrate(self, sequence: list[int]) -> float:
        """Choose how to run; returns the seconds of one narrow run."""
