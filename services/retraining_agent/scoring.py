"""Scores narratives with a packed artifact, through the same code as serving. Knows no torch."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

from libs.artifact.archive import Artifact, unpack_artifact
from libs.artifact.errors import ArtifactError
from libs.artifact.manifest import MODEL_FILE, TOKENIZER_FILE, Scalar
from libs.labels.errors import LabelsError
from libs.labels.schema import LABEL_SCHEMA
from libs.text.tokenizer import NarrativeTokenizer
from services.retraining_agent.errors import BadInputError


class Scorer(Protocol):
    """Classifies narratives."""

    def probabilities(self, narratives: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return probabilities of shape (narratives, num_labels)."""


class OnnxScorer:
    """One artifact in ONNX Runtime; one unpadded narrative a run, as serving does it."""

    def __init__(self, artifact: Artifact, threads: int = 2) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            str(artifact.path(MODEL_FILE)), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = NarrativeTokenizer.from_file(
            artifact.path(TOKENIZER_FILE), artifact.manifest.truncation
        )
        self._rule = artifact.manifest.decision_rule

    def probabilities(self, narratives: Sequence[str]) -> npt.NDArray[np.float64]:
        return np.asarray([self._classify(narrative) for narrative in narratives])

    def _classify(self, narrative: str) -> tuple[float, ...]:
        input_ids = np.asarray([self._tokenizer.encode(narrative).input_ids], dtype=np.int64)
        (logits,) = self._session.run(
            ["logits"], {"input_ids": input_ids, "attention_mask": np.ones_like(input_ids)}
        )
        return self._rule.decide(logits[0]).probabilities


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
