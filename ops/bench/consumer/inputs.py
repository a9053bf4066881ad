"""What a run of the benchmark is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from ops.bench.consumer.narratives import load_narratives

_ARTIFACTS = Path("dist/bench-consumer")


@dataclass(frozen=True)
class Inputs:
    """The model, the narratives, the packaged function, and how much of everything."""

    model: Path | None
    narratives_file: Path | None
    package: Path
    folder: Path
    progress: Progress
    count: int
    delay_seconds: float
    schedules: int

    @property
    def artifact(self) -> Path:
        """The model.tar.gz to serve; without one, of the released size with random weights."""
        if self.model is not None:
            return self.model
        from ops.bench.serving.artifacts import SMALL, build_artifact  # Loads torch.

        return build_artifact(_ARTIFACTS, SMALL, 512)

    def narratives(self, count: int) -> Sequence[str]:
        """Return `count` narratives, again from the first if there are fewer."""
        return load_narratives(count, self.narratives_file)

    def subfolder(self, name: str) -> Path:
        """Return an empty folder of this run."""
        folder = self.folder / name
        folder.mkdir()
        return folder
