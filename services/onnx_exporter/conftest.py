"""One small checkpoint and its artifact for the whole test run; tests only read them."""

import pytest
import torch

from libs.artifact.checkpoint import Checkpoint
from services.onnx_exporter.gate import Bounds
from services.onnx_exporter.narratives import fixed_narratives
from services.onnx_exporter.pipeline import ExportResult, ExportSettings, run_pipeline
from services.onnx_exporter.quantize import QuantizeSettings
from services.onnx_exporter.release import Release
from services.onnx_exporter.steps import VerifySettings
from services.onnx_exporter.testing.checkpoints import ModelShape, write_random_checkpoint
from services.onnx_exporter.testing.silence import silent


@pytest.fixture(scope="session", autouse=True)
def _one_torch_thread() -> None:
    """Tiny models wait for their threads longer than they compute."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    directory = tmp_path_factory.mktemp("checkpoint") / "small"
    return write_random_checkpoint(directory, ModelShape(head_kind="cls_mean"))


@pytest.fixture(scope="session")
def export_settings() -> ExportSettings:
    verify = VerifySettings(fixed_narratives(), Bounds(), threads=1)
    return ExportSettings(Release(), QuantizeSettings(), fixed_narratives(), verify)


@pytest.fixture(scope="session")
def exported(
    checkpoint: Checkpoint,
    export_settings: ExportSettings,
    tmp_path_factory: pytest.TempPathFactory,
) -> ExportResult:
    target = tmp_path_factory.mktemp("exported")
    return run_pipeline(checkpoint.directory, target, export_settings, silent)
