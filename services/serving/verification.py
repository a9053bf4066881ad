"""Whether an unpacked artifact may be served. Knows no runtime, so the master process can ask."""

from pathlib import Path

from libs.artifact.archive import Artifact, open_artifact
from libs.labels.schema import LABEL_SCHEMA


def check_artifact(directory: Path) -> Artifact:
    """Verify every file and the label schema; raises ArtifactError or LabelsError."""
    artifact = open_artifact(directory)
    LABEL_SCHEMA.require_digest(artifact.manifest.label_schema_digest)
    return artifact
