"""Where a mapping remembers how far it got, so that a killed poller resumes: at least once.

What it is set to, batch_outcome decides. That Lambda delivers at least once:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Checkpoint:
    """Everything up to and with `sequence_number` is settled; finished once read out."""

    sequence_number: str | None = None
    is_finished: bool = False


class CheckpointStore(Protocol):
    """Checkpoints by lane name, and the moment when the mapping was first started."""

    def load(self, lane: str) -> Checkpoint:
        """Return the lane's checkpoint, or an empty one."""

    def save(self, lane: str, checkpoint: Checkpoint) -> None:
        """Replace the lane's checkpoint."""

    def created_at(self, now: float) -> float:
        """Return when the mapping was created: now, if it never ran before."""


class FileCheckpoints:
    """One small JSON file a lane, replaced atomically: kill -9 leaves the old or the new."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def load(self, lane: str) -> Checkpoint:
        """Return the lane's checkpoint, or an empty one."""
        path = self._folder / f"{lane}.json"
        return Checkpoint(**json.loads(path.read_text())) if path.exists() else Checkpoint()

    def save(self, lane: str, checkpoint: Checkpoint) -> None:
        """Replace the lane's checkpoint."""
        replace_file(self._folder / f"{lane}.json", json.dumps(asdict(checkpoint)))

    def created_at(self, now: float) -> float:
        """Return when the mapping was created: now, if it never ran before."""
        path = self._folder / "mapping.json"
        if not path.exists():
            replace_file(path, json.dumps({"created_at": now}))
        return float(json.loads(path.read_text())["created_at"])


class MemoryCheckpoints:
    """Checkpoints for tests, and for mappings that need not survive."""

    def __init__(self) -> None:
        self.saved: dict[str, Checkpoint] = {}
        self._created_at: float | None = None

    def load(self, lane: str) -> Checkpoint:
        """Return the lane's checkpoint, or an empty one."""
        return self.saved.get(lane, Checkpoint())

    def save(self, lane: str, checkpoint: Checkpoint) -> None:
        """Replace the lane's checkpoint."""
        self.saved[lane] = checkpoint

    def created_at(self, now: float) -> float:
        """Return when the mapping was created: now, if it never ran before."""
        if self._created_at is None:
            self._created_at = now
        return self._created_at


def replace_file(path: Path, text: str) -> None:
    """Write a file so that readers see the old text or the new, never a part."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text)
    temporary.replace(path)
