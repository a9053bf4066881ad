"""Pools of sessions for tests: one answers at once, one waits to be let go, one fails on demand."""

import threading
from collections.abc import Sequence

import numpy as np

from services.serving.pool_spec import Logits, PoolSpec


class FakePool:
    """Always decides for label 0 unless told to fail; remembers what it was asked."""

    def __init__(self) -> None:
        self.spec = PoolSpec(cores=1)
        self.uses_wide = False
        self.is_failing = False
        self.runs = 0

    def run(self, sequences: Sequence[list[int]], is_alone: bool) -> list[Logits]:
        self.runs += 1
        if self.is_failing:
            raise RuntimeError("the fake runtime was told to fail on: SECRET NARRATIVE")
        return [np.array([4, 0, 0, 0, 0], dtype=np.float32) for _ in sequences]

    def calibrate(self, sequence: list[int]) -> float:
        self.run([sequence], is_alone=True)
        return 0.001


class GatedPool(FakePool):
    """Holds every run, once closed, until it is opened; `entered` counts who came in."""

    def __init__(self) -> None:
        super().__init__()
        self._gate = threading.Event()
        self._gate.set()
        self.entered = threading.Semaphore(0)

    def close_gate(self) -> None:
        self._gate.clear()

    def open_gate(self) -> None:
        self._gate.set()

    def run(self, sequences: Sequence[list[int]], is_alone: bool) -> list[Logits]:
        self.entered.release()
        assert self._gate.wait(timeout=30), "nobody opened the gate"
        return super().run(sequences, is_alone)
