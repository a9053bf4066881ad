"""What the user of the demo may choose."""

from dataclasses import dataclass
from pathlib import Path

RELEASED = Path(__file__).parents[2] / "models" / "model.tar.gz"
"""The artifact that ships with the repository."""


@dataclass(frozen=True)
class DemoOptions:
    """One run of the demo. None means: the sample complaints, all rows, a free port."""

    folder: Path
    complaints: Path | None = None
    train_on: Path | None = None
    train_limit: int | None = None
    artifact: Path | None = None
    is_training: bool = False
    """Train a model first, on `train_on` or on the samples."""
    rate: float = 20.0
    """Complaints a second."""
    count: int | None = None
    is_retraining: bool = False
    serving_port: int | None = None
    is_kept_running: bool = False
    is_monitored: bool = False
    seed: int = 7

    @property
    def served(self) -> Path | None:
        """The artifact to serve as it is; None where a model has to be trained first."""
        if self.artifact is not None:
            return self.artifact.absolute()
        return None if self.is_training or self.train_on is not None else RELEASED
