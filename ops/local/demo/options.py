"""What the user of the demo may choose."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DemoOptions:
    """One run of the demo. None means: the sample complaints, all rows, a free port."""

    folder: Path
    complaints: Path | None = None
    train_on: Path | None = None
    train_limit: int | None = None
    artifact: Path | None = None
    rate: float = 20.0
    """Complaints a second."""
    count: int | None = None
    is_retraining: bool = False
    serving_port: int | None = None
    is_kept_running: bool = False
    is_monitored: bool = False
    seed: int = 7
