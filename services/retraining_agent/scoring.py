"""Scores narratives with a packed artifact, through the same code as serving. Knows no torch."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from libs.artifact.archive import Artifact, unpack_artifact
from libs.artifact.errors import ArtifactError
from libs.artifact.manifest import Scalar
from libs.artifact.scorer import OnnxScorer
from libs.labels.errors import LabelsError
from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.errors import BadInputError


class Scorer(Protocol):
    """Classifies narratives."""

    def probabilities(self, narratives: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return probabilities of shape (narratives, num_labels)."""


@dataclass(frozen=True)
class OpenModel:
    """An artifact that is ready to score."""

    version: str
    digest: str
    evaluation: Mapping[str, Scalar]
    scorer: Scorer


@contextmanager
def open_model(content: bytes) -> Iterator[OpenModel]:
    """Open the content of a model.tar.gz for as long as it is used; raises BadInputError."""
    with tempfile.NamedTemporaryFile(suffix=".tar.gz") as file:
        file.write(content)
        file.flush()
        with opened_archive(Path(file.name)) as artifact:
            manifest = artifact.manifest
            scorer = OnnxScorer(artifact)
            yield OpenModel(manifest.version, artifact.digest, manifest.evaluation, scorer)


@contextmanager
def opened_archive(archive: Path) -> Iterator[Artifact]:
    """Unpack and verify a model.tar.gz for as long as it is used; raises BadInputError."""
    with tempfile.TemporaryDirectory(prefix="model-") as folder:
        try:
            artifact = unpack_artifact(archive, Path(folder) / "artifact")
            LABEL_SCHEMA.require_digest(artifact.manifest.label_schema_digest)
        except (ArtifactError, LabelsError) as error:
            raise BadInputError(f"{archive}: {error}") from error
        except OSError as error:
            raise BadInputError(f"{archive} cannot be read: {error.strerror}") from error
        yield artifact
