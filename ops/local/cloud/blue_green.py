"""One local endpoint and its updates: a new container beside the old one, the switch, the drain.

Follows https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html with
traffic shifted all at once. Knows nothing of HTTP or of what serves.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Literal, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from ops.local.cloud.containers import Container, digest_of
from ops.local.cloud.errors import LocalCloudError

_POLL_SECONDS = 0.05
_DRAIN_SECONDS = 60.0
"""SageMaker gives a request no longer than this."""

Status = Literal["InService", "Updating"]


class Router(Protocol):
    """The runtime: where an endpoint's requests go, and how many are under way to a port."""

    def route(self, name: str, port: int) -> None: ...

    def in_flight(self, port: int) -> int: ...


class Starter(Protocol):
    """Fetches model archives and starts containers from them."""

    def fetch(self, model_data_url: str) -> Path: ...

    def start(self, archive: Path) -> Container: ...


class BlueGreenEndpoint:
    """Serves one configuration at a time. An update that fails leaves the old one in service.

    The container before stays, drained and warm, until the next update: going back to its model
    starts nothing.
    """

    def __init__(
        self, name: str, config: str, container: Container, router: Router, starter: Starter
    ) -> None:
        self.name = name
        self.config = config
        self.status: Status = "InService"
        self.failure_reason: str | None = None
        self._serving = container
        self._previous: Container | None = None
        self._router = router
        self._starter = starter
        self._update: threading.Thread | None = None

    @property
    def port(self) -> int:
        """Where requests go now."""
        return self._serving.port

    def update(self, config: str, model_data_url: str) -> None:
        """Begin an update; the status is Updating until it ended."""
        self.status, self.failure_reason = "Updating", None
        self._update = threading.Thread(
            target=self._run, args=(config, model_data_url), daemon=True
        )
        self._update.start()

    def wait(self) -> None:
        """Wait for an update under way, if there is one."""
        if self._update is not None:
            self._update.join()

    def _run(self, config: str, model_data_url: str) -> None:
        try:
            green = self._green(self._starter.fetch(model_data_url))
            self._switch(green)
            self.config = config
        except (LocalCloudError, BotoCoreError, ClientError, OSError) as error:
            self.failure_reason = str(error)
        finally:
            self.status = "InService"

    def _green(self, archive: Path) -> Container:
        """Return a ready container for the archive: the one before, or a new one."""
        before = self._previous
        if before is not None and before.is_running and before.archive_digest == digest_of(archive):
            return before
        return self._starter.start(archive)

    def _switch(self, green: Container) -> None:
        """Send requests to the green container and let the blue one finish what it has."""
        blue, oldest = self._serving, self._previous
        self._router.route(self.name, green.port)
        self._serving, self._previous = green, blue
        deadline = time.monotonic() + _DRAIN_SECONDS
        while self._router.in_flight(blue.port) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if oldest is not None and oldest is not green:
            oldest.stop()
