"""Where the demo puts what it makes: one new folder a run."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """The folder of one run."""

    folder: Path

    @classmethod
    def create(cls, parent: Path, now: datetime) -> "Workspace":
        """Make a folder named after the time of the run."""
        folder = parent.absolute() / now.strftime("%Y%m%d-%H%M%S")
        folder.mkdir(parents=True)
        return cls(folder)

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def training_data(self) -> Path:
        return self.folder / "training.csv"

    @property
    def holdout(self) -> Path:
        return self.folder / "holdout.csv"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint"

    @property
    def training_state(self) -> Path:
        return self.folder / "training-state"

    @property
    def export(self) -> Path:
        return self.folder / "artifact"

    @property
    def artifact(self) -> Path:
        return self.export / "model.tar.gz"

    @property
    def mapping_state(self) -> Path:
        return self.folder / "event-source-mapping"

    @property
    def mapping_status(self) -> Path:
        return self.mapping_state / "status.json"

    @property
    def bucket_copy(self) -> Path:
        """A copy of what the bucket holds at the end: the local cloud forgets when it stops."""
        return self.folder / "bucket"

    @property
    def function_log(self) -> Path:
        """What the consumer writes to its standard output."""
        return self.mapping_state / "logs" / "lambda-stream-consumer.log"

    @property
    def monitor(self) -> Path:
        return self.folder / "monitor"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.txt"

    @property
    def reviews(self) -> Path:
        return self.folder / "review-queue.csv"

    @property
    def agent_report(self) -> Path:
        return self.folder / "agent-report.html"

    @property
    def retraining(self) -> Path:
        return self.folder / "retraining"

    @property
    def models(self) -> Path:
        """Archives that were fetched to be served."""
        return self.folder / "models"

    @property
    def summary(self) -> Path:
        return self.folder / "summary.json"
