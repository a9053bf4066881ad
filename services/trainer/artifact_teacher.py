"""An exported model's word on narratives, for a smaller or newer one to learn from.

Each narrative is run alone, as where the artifact is served, so its word is what it would answer.
"""

import os
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from libs.artifact.archive import unpack_artifact
from libs.artifact.files import describe_file
from libs.artifact.manifest import MODEL_FILE, TOKENIZER_FILE
from libs.heads.postprocess import softmax
from libs.labels.schema import LABEL_SCHEMA
from libs.text.tokenizer import NarrativeTokenizer
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

    Raises ArtifactError, LabelSchemaMismatchError or TokenizerError.
    """
    with tempfile.TemporaryDirectory(prefix="teacher-") as folder:
        artifact = unpack_artifact(archive, Path(folder) / "model")
        manifest = artifact.manifest
        LABEL_SCHEMA.require_digest(manifest.label_schema_digest)
        tokenizer = NarrativeTokenizer.from_file(artifact.path(TOKENIZER_FILE), manifest.truncation)
        session = _open_session(artifact.path(MODEL_FILE))
        logits: list[npt.NDArray[np.float64]] = []
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for batch in batches:
                encoded = [item.input_ids for item in tokenizer.encode_batch(batch)]
                logits.extend(threads.map(lambda ids: _run(session, ids), encoded))
                tell(len(logits))
    rows = np.array(logits, dtype=np.float64).reshape(-1, len(LABEL_SCHEMA))
    return softmax(rows, manifest.temperature).astype(np.float32)


def _open_session(graph: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # as many narratives at a time as there are cores
    options.inter_op_num_threads = 1
    return ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def _run(session: ort.InferenceSession, input_ids: list[int]) -> npt.NDArray[np.float64]:
    ids = np.array([input_ids], dtype=np.int64)
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    return np.asarray(session.run(["logits"], feed)[0][0], dtype=np.float64)
