"""A world that dies after one chosen effect on store, training, shadow or serving, for good."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

from services.retraining_agent.deployment import Deployment, DeployStatus, Release
from services.retraining_agent.jobs import JobStatus, TrainingJob, TrainingJobs
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.shadow import ShadowDeployment, ShadowTraffic
from services.retraining_agent.store import Condition, StoredObject

Result = TypeVar("Result")


class KilledError(BaseException):
    """Stands for kill -9: nothing in the product may catch it."""


class DyingStore:
    """Dies right after its effect number `lives_for`; nothing works after that.

    Reads change nothing, so to die before or after one is to die after the effect before it.
    """

    def __init__(self, store: MemoryStore, lives_for: int | None) -> None:
        self._store = store
        self._lives_for = lives_for
        self.effects = 0

    def read(self, key: str) -> StoredObject | None:
        return self.do(lambda: self._store.read(key))

    def write(self, key: str, content: bytes, condition: Condition = None) -> str:
        return self.change(lambda: self._store.write(key, content, condition))

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        return self.do(lambda: self._store.keys(prefix, after))

    def do(self, operation: Callable[[], Result]) -> Result:
        """Do something that changes nothing."""
        self._live()
        return operation()

    def change(self, operation: Callable[[], Result]) -> Result:
        """Do something that has an effect, and die of it if its number has come."""
        self._live()
        result = operation()
        self.effects += 1
        self._live()
        return result

    def _live(self) -> None:
        if self.effects == self._lives_for:
            raise KilledError


class DyingJobs:
    """Training jobs that are lost with the store."""

    def __init__(self, jobs: TrainingJobs, life: DyingStore) -> None:
        self._jobs = jobs
        self._life = life

    def advance(self, job: TrainingJob) -> JobStatus:
        return self._life.change(lambda: self._jobs.advance(job))

    def artifact(self, job: TrainingJob) -> bytes:
        return self._life.do(lambda: self._jobs.artifact(job))


class DyingDeployment:
    """A deployment that is lost with the store."""

    def __init__(self, deployment: Deployment, life: DyingStore) -> None:
        self._deployment = deployment
        self._life = life

    @property
    def is_watchable(self) -> bool:
        return self._deployment.is_watchable

    def advance(self, release: Release) -> DeployStatus:
        return self._life.change(lambda: self._deployment.advance(release))


class DyingShadow:
    """A shadow that is lost with the store."""

    def __init__(self, shadow: ShadowDeployment, life: DyingStore) -> None:
        self._shadow = shadow
        self._life = life

    def advance(self, candidate: Release, champion: Release) -> DeployStatus:
        return self._life.change(lambda: self._shadow.advance(candidate, champion))

    def traffic(self, since: datetime, until: datetime) -> ShadowTraffic:
        return self._life.do(lambda: self._shadow.traffic(since, until))
