"""Opens an artifact, packed or not, and says what it is."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import onnx

from libs.artifact.archive import Artifact, open_artifact, unpack_artifact
from libs.artifact.manifest import MODEL_FILE, Manifest


class Inspection(msgspec.Struct, frozen=True):
    """A verified artifact: its identity, its manifest and the operators of its graph."""

    digest: str
    size_bytes: int
    manifest: Manifest
    operators: dict[str, int]


@contextmanager
def open_any(path: Path) -> Iterator[Artifact]:
    """Verify a folder, or unpack an archive for as long as needed; raises ArtifactError."""
    if path.is_dir():
        yield open_artifact(path)
        return
    with tempfile.TemporaryDirectory(prefix="artifact-") as name:
        yield unpack_artifact(path, Path(name) / "artifact")


def inspect_artifact(path: Path) -> Inspection:
    """Verify the artifact at `path` and describe it; raises ArtifactError."""
    with open_any(path) as artifact:
        graph = onnx.load(str(artifact.path(MODEL_FILE))).graph
        operators = Counter(node.op_type for node in graph.node)
        return Inspection(
            digest=artifact.digest,
            size_bytes=sum(entry.size_bytes for entry in artifact.manifest.files.values()),
            manifest=artifact.manifest,
            operators=dict(operators.most_common()),
        )
