"""Fakes of the ports of a run: training, serving and scoring without any of them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.deployment import DeployStatus, Release
from services.retraining_agent.jobs import JobStatus, TrainingJob
from services.retraining_agent.scoring import OpenModel
from services.retraining_agent.shadow import ShadowTraffic, VariantTraffic
from services.retraining_agent.surface import DecisionDocument
from services.retraining_agent.testing.traffic import START


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


class FakeShadow:
    """Mirrors at once; what it measured is told beforehand."""

    def __init__(self, candidate: VariantTraffic | None = None, fails: bool = False) -> None:
        self._candidate = candidate or VariantTraffic(100, 0, 0.01)
        self._fails = fails
        self.mirrored: list[str] = []

    def advance(self, candidate: Release, champion: Release) -> DeployStatus:
        self.mirrored.append(f"{candidate.version} of {champion.version}")
        return "failed" if self._fails else "done"

    def traffic(self, since: datetime, until: datetime) -> ShadowTraffic:
        return ShadowTraffic(VariantTraffic(100, 0, 0.01), self._candidate)


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


class FakeEvents:
    """An event bus that keeps what it is sent, or refuses it."""

    def __init__(self, refusal: str = "") -> None:
        self.events: list[Any] = []
        self._refusal = refusal

    def put_events(self, *, Entries: list[Any]) -> Any:  # noqa: N803
        if self._refusal:
            refused = {"ErrorCode": "InternalFailure", "ErrorMessage": self._refusal}
            return {"FailedEntryCount": len(Entries), "Entries": [refused for _ in Entries]}
        self.events += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in Entries]}


def a_decision() -> DecisionDocument:
    """Return the document of a quiet round."""
    return DecisionDocument(
        decided_at=START,
        decision="do_nothing",
        reason="calm",
        triggers=[],
        holds=[],
        run_id=None,
        step=None,
        verdict="",
        champion_version="1.0.0",
        champion_digest="a" * 64,
        drift_psi={"label_mix": 0.02},
        evidence_key="e",
        report_key="r",
        awaits_approval=None,
    )
