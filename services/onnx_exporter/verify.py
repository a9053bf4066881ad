"""Gathers every measurement of a served graph, for the gate to judge."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from libs.artifact.manifest import Precision
from libs.evaluation.figures import Figures, measure_figures
from services.onnx_exporter.agreement import AgreementReport, measure_agreement, run_probabilities
from services.onnx_exporter.awkward_text import AWKWARD_TEXTS
from services.onnx_exporter.export import TrainedModel
from services.onnx_exporter.gate import Measurements
from services.onnx_exporter.latency import measure_latency, prepare_runs
from services.onnx_exporter.narratives import NarrativeSet, fixed_narratives
from services.onnx_exporter.onnx_classifier import OnnxClassifier
from services.onnx_exporter.parity import (
    PADDING,
    measure_invariance,
    measure_parity,
)
from services.onnx_exporter.tokenization import compare_tokenization

Advance = Callable[[], None]


@dataclass(frozen=True)
class ServedGraph:
    """A graph to verify beside the float32 graph that it was made from."""

    path: Path
    reference_path: Path
    precision: Precision
    threads: int

    def open(self) -> OnnxClassifier:
        return OnnxClassifier(self.path, self.threads)


def verify_graph(
    model: TrainedModel, graph: ServedGraph, narratives: NarrativeSet, advance: Advance
) -> Measurements:
    """Measure everything; `advance` is called twice for each narrative."""
    reference, served = OnnxClassifier(graph.reference_path, graph.threads), graph.open()
    fixed = [item.input_ids for item in model.tokenizer.encode_batch(fixed_narratives().texts)]
    stream = [token for input_ids in fixed for token in input_ids]
    roomy = [input_ids[: model.max_positions - PADDING] for input_ids in fixed]
    texts = [*fixed_narratives().texts, *AWKWARD_TEXTS]
    agreement, figures = _agreement(model, (reference, served), narratives, advance)
    return Measurements(
        precision=graph.precision,
        size_bytes=graph.path.stat().st_size,
        reference_size_bytes=graph.reference_path.stat().st_size,
        parity=measure_parity(model.classifier, reference, stream, model.max_positions),
        tokenization=compare_tokenization(model.tokenizer, texts),
        invariance=measure_invariance(served, graph.open(), roomy, model.tokenizer.pad_id),
        agreement=agreement,
        figures=figures,
        latency=measure_latency(
            prepare_runs(reference.logits, stream),
            prepare_runs(served.logits, stream),
            model.max_positions,
        ),
    )


def _agreement(
    model: TrainedModel,
    pair: tuple[OnnxClassifier, OnnxClassifier],
    narratives: NarrativeSet,
    advance: Advance,
) -> tuple[AgreementReport, Figures | None]:
    encoded = [item.input_ids for item in model.tokenizer.encode_batch(narratives.texts)]
    temperature = model.checkpoint.info.temperature
    reference, served = (
        run_probabilities(classifier, encoded, temperature, advance) for classifier in pair
    )
    label_ids = np.array([item.label_id for item in narratives.narratives], dtype=np.int64)
    if not narratives.is_given:
        return measure_agreement(narratives.source, reference, served, None), None
    return (
        measure_agreement(narratives.source, reference, served, label_ids),
        measure_figures(served, label_ids, model.checkpoint.info.decision_rule),
    )
