"""All steps in one go: a checkpoint folder in, a verified archive and its reports out."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from services.onnx_exporter import steps
from services.onnx_exporter.export import load_trained_model
from services.onnx_exporter.narratives import NarrativeSet
from services.onnx_exporter.quantize import QuantizeSettings
from services.onnx_exporter.release import Release
from services.onnx_exporter.steps import VerifySettings
from services.onnx_exporter.workspace import (
    OptimizeReport,
    QuantizeReport,
    VerifyReport,
    Workspace,
)

ARCHIVE_FILE = "model.tar.gz"
REPORT_FILE = "export_report.json"

Announce = Callable[[str, int], Callable[[], None]]
"""Told each step and its number of units; what it returns is called once a unit."""


@dataclass(frozen=True)
class ExportSettings:
    """Everything that a whole export can be told."""

    release: Release
    quantize: QuantizeSettings
    calibration: NarrativeSet
    verify: VerifySettings


class ExportResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole export did, as its report file has it."""

    archive: str
    archive_size_bytes: int
    digest: str
    name: str
    version: str
    optimize: OptimizeReport
    quantize: QuantizeReport
    verify: VerifyReport


def run_pipeline(
    checkpoint: Path, target: Path, settings: ExportSettings, announce: Announce
) -> ExportResult:
    """Write `model.tar.gz` and `export_report.json` into `target`, or nothing at all.

    Raises ExporterError and the errors of `load_trained_model`.
    """
    announce("load", 1)
    model = load_trained_model(checkpoint)
    existed = target.exists()
    target.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".export-", dir=target) as name:
            workspace = Workspace(Path(name))
            announce("export", 1)
            steps.run_export(model, workspace)
            announce("optimize", 1)
            optimized = steps.run_optimize(model, workspace)
            announce("quantize", 1)
            quantized = steps.run_quantize(
                model, workspace, settings.quantize, settings.calibration
            )
            advance = announce("verify", 2 * len(settings.verify.narratives.narratives))
            verified = steps.run_verify(model, workspace, settings.verify, advance)
            announce("pack", 1)
            archive = target / ARCHIVE_FILE
            digest = steps.run_pack(model, workspace, settings.release, archive)
    except BaseException:
        if not existed:
            target.rmdir()
        raise
    result = ExportResult(
        archive=str(archive),
        archive_size_bytes=archive.stat().st_size,
        digest=digest,
        name=settings.release.name,
        version=settings.release.version,
        optimize=optimized,
        quantize=quantized,
        verify=verified,
    )
    _write_report(target / REPORT_FILE, result)
    return result


def _write_report(path: Path, result: ExportResult) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    os.replace(temporary, path)
