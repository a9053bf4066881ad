"""Gathers every measurement of a served graph, for the gate to judge."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from libs.artifact.manifest import Precision
from services.onnx_exporter.agreement import AgreementReport, measure_agreement, run_probabilities
from services.onnx_exporter.awkward_text import AWKWARD_TEXTS
from services.onnx_exporter.export import TrainedModel
from services.onnx_exporter.gate import Measurements
from services.onnx_exporter.latency import LENGTHS, LatencyRow, measure_latency
from services.onnx_exporter.narratives import NarrativeSet, fixed_narratives
from services.onnx_exporter.onnx_classifier import OnnxClassifier
from services.onnx_exporter.parity import (
    PADDING,
    cut_pieces,
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


def verify_graph(
    model: TrainedModel, graph: ServedGraph, narratives: NarrativeSet, advance: Advance
) -> Measurements:
    """Measure everything; `advance` is called twice for each narrative."""
    reference, served = OnnxClassifier(graph.reference_path), OnnxClassifier(graph.path)
    fixed = [item.input_ids for item in model.tokenizer.encode_batch(fixed_narratives().texts)]
    stream = [token for input_ids in fixed for token in input_ids]
    roomy = [input_ids[: model.max_positions - PADDING] for input_ids in fixed]
    texts = [*fixed_narratives().texts, *AWKWARD_TEXTS]
    return Measurements(
        precision=graph.precision,
        size_bytes=graph.path.stat().st_size,
        reference_size_bytes=graph.reference_path.stat().st_size,
        parity=measure_parity(model.classifier, reference, stream, model.max_positions),
        tokenization=compare_tokenization(model.tokenizer, texts),
        invariance=measure_invariance(
            served, OnnxClassifier(graph.path), roomy, model.tokenizer.pad_id
        ),
        agreement=_agreement(model, (reference, served), narratives, advance),
        latency=_latency((reference, served), stream, model.max_positions),
    )


def _agreement(
    model: TrainedModel,
    pair: tuple[OnnxClassifier, OnnxClassifier],
    narratives: NarrativeSet,
    advance: Advance,
) -> AgreementReport:
    encoded = [item.input_ids for item in model.tokenizer.encode_batch(narratives.texts)]
    temperature = model.checkpoint.info.temperature
    reference, served = (
        run_probabilities(classifier, encoded, temperature, advance) for classifier in pair
    )
    label_ids = np.array([item.label_id for item in narratives.narratives], dtype=np.int64)
    return measure_agreement(
        narratives.source, reference, served, label_ids if narratives.is_given else None
    )


def _latency(
    pair: tuple[OnnxClassifier, OnnxClassifier], stream: list[int], limit: int
) -> list[LatencyRow]:
    pieces = cut_pieces(stream, [length for length in LENGTHS if length <= limit])
    return measure_latency(pair[0].logits, pair[1].logits, pieces)
