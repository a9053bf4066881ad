"""Serving containers as child processes, started from the model archives that S3 holds.

Knows the container contract (a port, /ping) and nothing of what serves.
"""

from __future__ import annotations

import hashlib
import http.client
import itertools
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ops.local.cloud.processes import LOOPBACK, Child, Processes, ProcessSpec, free_port

READY_SECONDS = 60.0


@dataclass(frozen=True)
class Container:
    """One container that answers on `port`; the digest is that of its model archive."""

    port: int
    archive_digest: str
    child: Child

    @property
    def is_running(self) -> bool:
        return self.child.exit_code() is None

    def stop(self) -> None:
        self.child.stop()


class Containers:
    """Starts containers; `spec` says how one is run from an archive on a port."""

    def __init__(
        self, processes: Processes, s3: Any, folder: Path, spec: Callable[[Path, int], ProcessSpec]
    ) -> None:
        self._processes = processes
        self._s3 = s3
        self._folder = folder
        self._spec = spec
        self._numbers = itertools.count(1)

    def fetch(self, model_data_url: str) -> Path:
        """Download an archive, `s3://bucket/key`; raises botocore's errors."""
        place = urlsplit(model_data_url)
        target = self._folder / f"{next(self._numbers)}" / "model.tar.gz"
        target.parent.mkdir(parents=True)
        self._s3.download_file(place.netloc, place.path.lstrip("/"), str(target))
        return target

    def start(self, archive: Path) -> Container:
        """Start a container beside all others and wait for its /ping; raises StartError."""
        port = free_port()
        child = self._processes.start(self._spec(archive, port))
        child.wait_until_ready(lambda: answers_ping(port), READY_SECONDS)
        return Container(port, digest_of(archive), child)


def digest_of(archive: Path) -> str:
    """Return the sha256 of an archive."""
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def answers_ping(port: int) -> bool:
    """Say whether the container on this port is ready for requests."""
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/ping", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError):
        return False
