"""Puts two artifacts side by side: the same narratives, each with its own tokenizer and rule."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from libs.artifact.manifest import MODEL_FILE
from services.onnx_exporter.agreement import (
    AgreementReport,
    Floats,
    Ids,
    calibration_error,
    macro_f1,
    measure_agreement,
)
from services.onnx_exporter.errors import ExporterError
from services.onnx_exporter.inspection import open_any
from services.onnx_exporter.latency import LatencyRow, measure_latency
from services.onnx_exporter.narratives import NarrativeSet
from services.onnx_exporter.opened_model import OpenedModel


class Side(msgspec.Struct, frozen=True):
    """One artifact of the two; the figures exist only for given, labelled narratives."""

    name: str
    version: str
    digest: str
    precision: str
    graph_size_bytes: int
    macro_f1: float | None
    calibration_error: float | None


class Comparison(msgspec.Struct, frozen=True):
    """`agreement` and `latency` take the first as the reference for the second."""

    first: Side
    second: Side
    agreement: AgreementReport
    latency: list[LatencyRow]


def compare_artifacts(
    paths: tuple[Path, Path], narratives: NarrativeSet, threads: int, advance: Callable[[], None]
) -> Comparison:
    """Compare two artifacts of the same labels; raises ArtifactError or ExporterError."""
    with open_any(paths[0]) as one, open_any(paths[1]) as other:
        if one.manifest.label_schema_digest != other.manifest.label_schema_digest:
            raise ExporterError(f"{paths[0]} and {paths[1]} were made for different labels")
        pair = OpenedModel(one, threads), OpenedModel(other, threads)
        answers = [candidate.probabilities(narratives, advance) for candidate in pair]
        label_ids = np.array([item.label_id for item in narratives.narratives], dtype=np.int64)
        known = label_ids if narratives.is_given else None
        return Comparison(
            first=_side(pair[0], answers[0], known),
            second=_side(pair[1], answers[1], known),
            agreement=measure_agreement(narratives.source, answers[0], answers[1], known),
            latency=_latency(pair, narratives),
        )


def _side(candidate: OpenedModel, answers: Floats, label_ids: Ids | None) -> Side:
    manifest = candidate.manifest
    return Side(
        name=manifest.name,
        version=manifest.version,
        digest=candidate.artifact.digest,
        precision=manifest.graph.precision,
        graph_size_bytes=manifest.files[MODEL_FILE].size_bytes,
        macro_f1=None if label_ids is None else macro_f1(answers, label_ids),
        calibration_error=None if label_ids is None else calibration_error(answers, label_ids),
    )


def _latency(pair: tuple[OpenedModel, OpenedModel], narratives: NarrativeSet) -> list[LatencyRow]:
    limit = min(candidate.manifest.truncation.max_length for candidate in pair)
    return measure_latency(pair[0].runs(narratives), pair[1].runs(narratives), limit)
