"""The port to training: a job turns a training set into a packed candidate artifact."""

from dataclasses import dataclass
from typing import Literal, Protocol

JobStatus = Literal["running", "succeeded", "failed"]


@dataclass(frozen=True)
class TrainingJob:
    """What to train; `name` is unique to the run, and starting it again does nothing."""

    name: str
    version: str
    training_set: bytes
    training_set_key: str
    holdout: bytes
    """For the exporter to measure quantisation on; never to learn from."""
    holdout_key: str
    champion_key: str
    """The archive of the model to beat."""


class TrainingJobs(Protocol):
    """Runs training jobs somewhere. May raise TransientError."""

    def advance(self, job: TrainingJob) -> JobStatus:
        """Start the job unless it was started, wait a little, and say how it stands."""

    def artifact(self, job: TrainingJob) -> bytes:
        """Return the model.tar.gz of a job that succeeded; raises JobFailedError."""
