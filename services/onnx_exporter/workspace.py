"""The folder in which the steps leave their graphs and reports for one another."""

import os
from pathlib import Path
from typing import TypeVar

import msgspec

from libs.artifact.files import Sha256, describe_file
from libs.artifact.manifest import MODEL_FILE, Precision, Scalar
from services.onnx_exporter.errors import StepOrderError
from services.onnx_exporter.gate import Bounds, Measurements

Report = TypeVar("Report", bound=msgspec.Struct)

FLOAT_GRAPH = "float32.onnx"
OPTIMIZED_GRAPH = "optimized.onnx"
SERVED_GRAPH = MODEL_FILE


class ExportReport(msgspec.Struct, frozen=True, kw_only=True):
    checkpoint: str
    checkpoint_digest: Sha256
    opset: int
    graph_sha256: Sha256


class OptimizeReport(msgspec.Struct, frozen=True, kw_only=True):
    source_sha256: Sha256
    graph_sha256: Sha256
    fusions: dict[str, int]


class QuantizeReport(msgspec.Struct, frozen=True, kw_only=True):
    source_sha256: Sha256
    graph_sha256: Sha256
    precision: Precision
    settings: dict[str, Scalar]


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    source_sha256: Sha256
    checkpoint_digest: Sha256
    bounds: Bounds
    measured: Measurements
    one_narrative_per_run: bool


REPORT_FILES: dict[type[msgspec.Struct], str] = {
    ExportReport: "export.json",
    OptimizeReport: "optimize.json",
    QuantizeReport: "quantize.json",
    VerifyReport: "verify.json",
}


class Workspace:
    """Graphs and reports in one folder; a report is believed only for the file that it names."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.float_graph = directory / FLOAT_GRAPH
        self.optimized_graph = directory / OPTIMIZED_GRAPH
        self.served_graph = directory / SERVED_GRAPH

    def write(self, report: msgspec.Struct) -> None:
        """Write the report of a step, whole or not at all."""
        path = self._path(type(report))
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
        os.replace(temporary, path)

    def read(self, kind: type[Report]) -> Report:
        """Read the report of a step; raises StepOrderError when the step has not been run."""
        path = self._path(kind)
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except OSError as error:
            raise StepOrderError(f"{path} is missing: run `{path.stem}` first") from error
        except msgspec.MsgspecError as error:
            raise StepOrderError(f"{path} is not the report of `{path.stem}`: {error}") from error

    def remove(self, kind: type[msgspec.Struct]) -> None:
        """Forget the report of a step that is about to run again."""
        self._path(kind).unlink(missing_ok=True)

    def require(self, graph: Path, sha256: str, step: str) -> None:
        """Raise StepOrderError unless `graph` is still the file that `step` used or made."""
        if not graph.is_file() or describe_file(graph).sha256 != sha256:
            raise StepOrderError(f"{graph} is not the graph of `{step}`: run `{step}` again")

    def _path(self, kind: type[msgspec.Struct]) -> Path:
        return self.directory / REPORT_FILES[kind]
