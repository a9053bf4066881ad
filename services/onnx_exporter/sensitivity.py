"""Measures how much each operator loses by quantisation, one at a time."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import onnx

from services.onnx_exporter.agreement import Floats, measure_agreement, run_probabilities
from services.onnx_exporter.onnx_classifier import OnnxClassifier

CANDIDATES = ("MatMul", "Attention")

QuantizeOne = Callable[[Path, str], None]
"""Writes the graph in which the named operator alone is quantised."""


class Sensitivity(msgspec.Struct, frozen=True):
    operator: str
    mean_probability_shift: float


def rank_operators(
    source: Path, encoded: Sequence[Sequence[int]], quantize_one: QuantizeOne
) -> list[Sensitivity]:
    """Return the quantisable operators of the float graph `source`, the most sensitive first."""
    reference = _probabilities(source, encoded)
    found = []
    with tempfile.TemporaryDirectory(prefix=".mixed-", dir=source.parent) as name:
        target = Path(name) / "one.onnx"
        for operator in _candidates(source):
            quantize_one(target, operator)
            answers = _probabilities(target, encoded)
            report = measure_agreement("calibration", reference, answers, None)
            found.append(Sensitivity(operator, report.mean_probability_shift))
    return sorted(found, key=lambda item: (-item.mean_probability_shift, item.operator))


def _candidates(source: Path) -> list[str]:
    graph = onnx.load(str(source)).graph
    return [node.name for node in graph.node if node.op_type in CANDIDATES]


def _probabilities(graph: Path, encoded: Sequence[Sequence[int]]) -> Floats:
    answers = run_probabilities(OnnxClassifier(graph), encoded, 1.0, lambda: None)
    return np.asarray(answers, dtype=np.float64)
