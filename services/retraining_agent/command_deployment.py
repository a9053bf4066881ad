"""Serving on this machine: a command that swaps the artifact under the running server."""

import os
import subprocess
from pathlib import Path

from services.retraining_agent.deployment import DeployStatus, Release
from services.retraining_agent.local_jobs import command_line
from services.retraining_agent.store import ObjectStore
from services.retraining_agent.stored import read_stored

_TIMEOUT_SECONDS = 300


class CommandDeployment:
    """Downloads the release and runs the command with {archive} and {version}.

    The command has to be harmless when repeated, and to end once the release is served.
    """

    is_watchable = True

    def __init__(self, store: ObjectStore, folder: Path, command: str) -> None:
        self._store = store
        self._folder = folder
        self._command = command

    def advance(self, release: Release) -> DeployStatus:
        archive = self._download(release)
        values = {"archive": str(archive), "version": release.version}
        try:
            ended = subprocess.run(
                command_line(self._command, values),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return "failed"
        return "done" if ended.returncode == 0 else "failed"

    def _download(self, release: Release) -> Path:
        folder = self._folder / "served" / release.version
        folder.mkdir(parents=True, exist_ok=True)
        archive = folder / "model.tar.gz"
        temporary = archive.with_suffix(".tmp")
        temporary.write_bytes(read_stored(self._store, release.artifact_key))
        os.replace(temporary, archive)
        return archive
