"""The port to what serves: puts a registered model behind the endpoint."""

from dataclasses import dataclass
from typing import Literal, Protocol

DeployStatus = Literal["running", "done", "failed"]


@dataclass(frozen=True)
class Release:
    """A registered model to serve; `name` is unique to the run that deploys it."""

    name: str
    version: str
    model_digest: str
    artifact_key: str


class Deployment(Protocol):
    """Serves one release at a time. May raise TransientError."""

    @property
    def is_watchable(self) -> bool:
        """Whether the release answers requests before it is champion, so that it can be watched."""

    def advance(self, release: Release) -> DeployStatus:
        """Serve the release; asking again while it is on its way, or there, does nothing."""


class PointerDeployment:
    """For servers that follow the champion pointer by themselves: there is nothing to do."""

    is_watchable = False

    def advance(self, release: Release) -> DeployStatus:
        return "done"
