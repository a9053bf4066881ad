"""An exported model's word on narratives, for a smaller or newer one to learn from."""

import os
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from libs.artifact.archive import unpack_artifact
from libs.artifact.files import describe_file
from libs.artifact.scorer import OnnxScorer
from libs.labels.schema import LABEL_SCHEMA
from services.trainer.errors import DataError

Probabilities = npt.NDArray[np.float32]


def archive_digest(archive: Path) -> str:
    """Return the SHA-256 of `archive`; raises DataError where there is no such file."""
    if not archive.is_file():
        raise DataError(f"loss.teacher: {archive} is no file, expected a model.tar.gz")
    return describe_file(archive).sha256


def ask_artifact(
    archive: Path, batches: Iterable[list[str]], tell: Callable[[int], None]
) -> Probabilities:
    """Return calibrated probabilities (narratives, num_labels); `tell` hears how many are done.

    Raises ArtifactError, LabelSchemaMismatchError, TokenizerError or LogitsError.
    """
    with tempfile.TemporaryDirectory(prefix="teacher-") as folder:
        artifact = unpack_artifact(archive, Path(folder) / "model")
        LABEL_SCHEMA.require_digest(artifact.manifest.label_schema_digest)
        scorer = OnnxScorer(artifact, threads=1)  # as many narratives at a time as there are cores
        rows: list[tuple[float, ...]] = []
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for batch in batches:
                rows.extend(threads.map(scorer.classify, batch))
                tell(len(rows))
    return np.array(rows, dtype=np.float32).reshape(-1, len(LABEL_SCHEMA))
