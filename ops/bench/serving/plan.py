"""How much is measured, and on which artifacts."""

from dataclasses import dataclass, field
from pathlib import Path

from libs.artifact.archive import unpack_artifact
from ops.bench.serving.artifacts import EncoderSize, build_artifact
from ops.bench.serving.peers import Peer
from services.trainer.reading import Reading


@dataclass(frozen=True)
class Plan:
    """Rounds alternate, so that a noisy machine is noisy for both sides."""

    archive: Path
    narratives: list[str]
    cores: int
    rounds: int
    clients: int
    deadline_seconds: float
    max_length: int
    """Of what has to be made because no artifact was given, and of the peers."""
    terminations: int
    scratch: Path
    """Emptied at the end."""
    cache: Path
    """Kept: exporting takes minutes."""
    peers: tuple[Peer, ...] = ()
    unpacked: dict[Path, Path] = field(default_factory=dict)

    @property
    def artifact(self) -> Path:
        """The artifact to measure, unpacked."""
        return self._unpack(self.archive)

    def built(self, size: EncoderSize, max_length: int, reading: Reading = "everything") -> Path:
        """Return an int8 artifact with random weights of `size`, unpacked."""
        return self._unpack(build_artifact(self.cache, size, max_length, reading))

    def _unpack(self, archive: Path) -> Path:
        if archive not in self.unpacked:
            target = self.scratch / f"artifact-{len(self.unpacked)}"
            self.unpacked[archive] = unpack_artifact(archive, target).directory
        return self.unpacked[archive]
