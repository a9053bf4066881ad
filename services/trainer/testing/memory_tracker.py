"""A tracker in memory, which may stop answering."""

from collections.abc import Mapping

from libs.artifact.manifest import Scalar
from services.trainer.errors import UnreachableError
from services.trainer.tracking import RunEnd


class MemoryTracker:
    """Keeps what it is told. `answers` is how often it does so."""

    def __init__(self, answers: int = 10**6) -> None:
        self._answers = answers
        self.parameters: list[Mapping[str, Scalar]] = []
        self.figures: list[tuple[str, int, dict[str, float]]] = []
        self.ends: list[tuple[str, RunEnd]] = []

    def start(self, known_run: str, parameters: Mapping[str, Scalar]) -> str:
        self._answer()
        if known_run:
            return known_run
        self.parameters.append(parameters)
        return f"run-{len(self.parameters)}"

    def log(self, run: str, figures: Mapping[str, float], step: int) -> None:
        self._answer()
        self.figures.append((run, step, dict(figures)))

    def end(self, run: str, how: RunEnd) -> None:
        self._answer()
        self.ends.append((run, how))

    def _answer(self) -> None:
        self._answers -= 1
        if self._answers < 0:
            raise UnreachableError("the tracker does not answer")
