"""Fakes of the ports of a run: training, serving and scoring without any of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.deployment import DeployStatus, Release
from services.retraining_agent.jobs import JobStatus, TrainingJob
from services.retraining_agent.scoring import OpenModel


class FakeJobs:
    """Trains at once, or after so many looks; what it makes is named after the version."""

    def __init__(self, looks: int = 0, fails: bool = False) -> None:
        self._looks = looks
        self._fails = fails
        self.started: set[str] = set()

    def advance(self, job: TrainingJob) -> JobStatus:
        self.started.add(job.name)
        if self._looks > 0:
            self._looks -= 1
            return "running"
        return "failed" if self._fails else "succeeded"

    def artifact(self, job: TrainingJob) -> bytes:
        return f"good {job.version}".encode()


class FakeDeployment:
    """Serves whatever it is told to; remembers all releases."""

    def __init__(self, is_watchable: bool = False, fails: bool = False) -> None:
        self.is_watchable = is_watchable
        self.fails = fails
        self.served: list[str] = []

    def advance(self, release: Release) -> DeployStatus:
        if self.fails:
            self.fails = False
            return "failed"
        self.served.append(release.version)
        return "done"


class FakeScorer:
    """Answers by a label's name in the text; a bad one is wrong about every third narrative."""

    def __init__(self, is_good: bool) -> None:
        self._is_good = is_good

    def probabilities(self, narratives: Sequence[str]) -> npt.NDArray[np.float64]:
        rows = [self._row(number, text) for number, text in enumerate(narratives)]
        return np.asarray(rows).reshape(-1, len(LABEL_SCHEMA))

    def _row(self, number: int, text: str) -> list[float]:
        label_id = next(i for i, name in enumerate(LABEL_SCHEMA.names) if name in text)
        if not self._is_good and number % 3 == 0:
            label_id = (label_id + 1) % len(LABEL_SCHEMA)
        return [0.96 if i == label_id else 0.01 for i in range(len(LABEL_SCHEMA))]


@contextmanager
def open_fake_model(content: bytes) -> Iterator[OpenModel]:
    """Open `good VERSION` or `bad VERSION`."""
    quality, _, version = content.decode().partition(" ")
    digest = fake_digest(version)
    evaluation: Mapping[str, float] = {}
    yield OpenModel(version, digest, evaluation, FakeScorer(quality == "good"))


def fake_digest(version: str) -> str:
    """Return the digest of a fake model."""
    return (version.encode().hex() + "0" * 64)[:64]
