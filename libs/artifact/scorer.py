"""What an artifact answers to narratives, each run as serving runs it. Knows no torch."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnxruntime

from libs.artifact.archive import Artifact
from libs.artifact.manifest import MODEL_FILE, TOKENIZER_FILE
from libs.text.tokenizer import NarrativeTokenizer


class OnnxScorer:
    """One artifact in ONNX Runtime; one unpadded narrative a run. Threads may share it."""

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
        """Return probabilities of shape (narratives, num_labels)."""
        return np.asarray([self.classify(narrative) for narrative in narratives])

    def classify(self, narrative: str) -> tuple[float, ...]:
        """Return the probability of each label; raises InvalidNarrativeError or LogitsError."""
        input_ids = np.asarray([self._tokenizer.encode(narrative).input_ids], dtype=np.int64)
        (logits,) = self._session.run(
            ["logits"], {"input_ids": input_ids, "attention_mask": np.ones_like(input_ids)}
        )
        return self._rule.decide(logits[0]).probabilities
