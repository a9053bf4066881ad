"""One ONNX graph in one ONNX Runtime session: token ids in, logits out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

Logits = npt.NDArray[np.float32]

DEFAULT_THREADS = 2


class OnnxClassifier:
    """Runs a classifier graph on the CPU."""

    def __init__(self, path: Path, threads: int = DEFAULT_THREADS) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Between runs nothing may spin on cores that others are timed on.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.is_dynamic = has_operator(path, "DynamicQuantizeLinear")
        """Activations are scaled by what is in the tensor, so company changes an answer."""

    def logits(self, input_ids: Sequence[int]) -> Logits:
        """Return the logits (num_labels,) of one unpadded narrative."""
        ids = np.array([input_ids], dtype=np.int64)
        logits: Logits = self.batch_logits(ids, np.ones_like(ids))[0]
        return logits

    def batch_logits(
        self, input_ids: npt.NDArray[np.int64], attention_mask: npt.NDArray[np.int64]
    ) -> Logits:
        """Return the logits (batch, num_labels) of a padded batch."""
        feed = {"input_ids": input_ids, "attention_mask": attention_mask}
        return np.asarray(self._session.run(["logits"], feed)[0], dtype=np.float32)


def pad(
    sequences: Sequence[Sequence[int]], pad_id: int, length: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return ids and mask (batch, length), padded on the right."""
    ids = np.full((len(sequences), length), pad_id, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return ids, mask


def has_operator(path: Path, operator: str) -> bool:
    """Return whether the graph at `path` has a node of that type."""
    graph = onnx.load(str(path), load_external_data=False).graph
    return any(node.op_type == operator for node in graph.node)
