"""The five steps, each from what the step before left in the workspace."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from libs.artifact.archive import pack_artifact
from libs.artifact.files import describe_file
from services.onnx_exporter.errors import GateError, StepOrderError
from services.onnx_exporter.export import OPSET, TrainedModel, export_graph, load_trained_model
from services.onnx_exporter.gate import Bounds, find_failures, must_run_alone
from services.onnx_exporter.narratives import NarrativeSet
from services.onnx_exporter.onnx_classifier import DEFAULT_THREADS
from services.onnx_exporter.optimize import optimize_graph
from services.onnx_exporter.pack import build_manifest, stage_files
from services.onnx_exporter.quantize import Job, QuantizeSettings, quantize_graph
from services.onnx_exporter.release import Release
from services.onnx_exporter.verify import ServedGraph, verify_graph
from services.onnx_exporter.workspace import (
    ExportReport,
    OptimizeReport,
    QuantizeReport,
    VerifyReport,
    Workspace,
)


@dataclass(frozen=True)
class VerifySettings:
    narratives: NarrativeSet
    bounds: Bounds
    threads: int = DEFAULT_THREADS


def run_export(model: TrainedModel, workspace: Workspace) -> ExportReport:
    workspace.directory.mkdir(parents=True, exist_ok=True)
    workspace.remove(ExportReport)
    export_graph(model, workspace.float_graph)
    report = ExportReport(
        checkpoint=str(model.checkpoint.directory.resolve()),
        checkpoint_digest=model.checkpoint.digest,
        opset=OPSET,
        graph_sha256=describe_file(workspace.float_graph).sha256,
    )
    workspace.write(report)
    return report


def run_optimize(model: TrainedModel, workspace: Workspace) -> OptimizeReport:
    """Raises FusionError."""
    source = workspace.read(ExportReport).graph_sha256
    workspace.require(workspace.float_graph, source, "export")
    workspace.remove(OptimizeReport)
    fusions = optimize_graph(
        workspace.float_graph,
        workspace.optimized_graph,
        heads=model.heads,
        layers=model.layers,
        reads_first_token=model.checkpoint.info.head.reads_first_token,
    )
    report = OptimizeReport(
        source_sha256=source,
        graph_sha256=describe_file(workspace.optimized_graph).sha256,
        fusions=fusions,
    )
    workspace.write(report)
    return report


def run_quantize(
    model: TrainedModel,
    workspace: Workspace,
    settings: QuantizeSettings,
    calibration: NarrativeSet,
) -> QuantizeReport:
    """Raises QuantizationError."""
    source = workspace.read(OptimizeReport).graph_sha256
    workspace.require(workspace.optimized_graph, source, "optimize")
    workspace.remove(QuantizeReport)
    encoded = [item.input_ids for item in model.tokenizer.encode_batch(calibration.texts)]
    made_with = quantize_graph(
        Job(workspace.optimized_graph, workspace.served_graph, settings, encoded)
    )
    report = QuantizeReport(
        source_sha256=source,
        graph_sha256=describe_file(workspace.served_graph).sha256,
        precision=settings.precision,
        settings=made_with,
    )
    workspace.write(report)
    return report


def run_verify(
    model: TrainedModel,
    workspace: Workspace,
    settings: VerifySettings,
    advance: Callable[[], None],
) -> VerifyReport:
    """Raises GateError; the report exists only where every bound was kept."""
    quantized = workspace.read(QuantizeReport)
    workspace.require(workspace.optimized_graph, quantized.source_sha256, "optimize")
    workspace.require(workspace.served_graph, quantized.graph_sha256, "quantize")
    workspace.remove(VerifyReport)
    graph = ServedGraph(
        workspace.served_graph, workspace.optimized_graph, quantized.precision, settings.threads
    )
    measured = verify_graph(model, graph, settings.narratives, advance)
    failures = find_failures(measured, settings.bounds)
    if failures:
        raise GateError(failures)
    report = VerifyReport(
        source_sha256=quantized.graph_sha256,
        checkpoint_digest=model.checkpoint.digest,
        bounds=settings.bounds,
        measured=measured,
        one_narrative_per_run=must_run_alone(measured.invariance),
    )
    workspace.write(report)
    return report


def run_pack(model: TrainedModel, workspace: Workspace, release: Release, archive: Path) -> str:
    """Pack what was verified into `archive` and return the model digest."""
    quantized, verified = workspace.read(QuantizeReport), workspace.read(VerifyReport)
    workspace.require(workspace.served_graph, verified.source_sha256, "verify")
    if quantized.graph_sha256 != verified.source_sha256:
        raise StepOrderError("the verified graph is not the quantized one: run `verify` again")
    with stage_files(model, workspace, release) as staged:
        manifest = build_manifest(model, workspace, release, staged)
        return pack_artifact(staged, manifest, archive)


def open_source(workspace: Workspace) -> TrainedModel:
    """Load the checkpoint that the workspace began with; raises StepOrderError if it changed."""
    exported = workspace.read(ExportReport)
    model = load_trained_model(Path(exported.checkpoint))
    if model.checkpoint.digest != exported.checkpoint_digest:
        raise StepOrderError(
            f"{exported.checkpoint} has changed since `export`: run `export` again"
        )
    return model
