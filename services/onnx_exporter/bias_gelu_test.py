from collections import Counter
from pathlib import Path

import onnx
import onnxruntime as ort
import pytest

from services.onnx_exporter.export import load_trained_model
from services.onnx_exporter.narratives import fixed_narratives
from services.onnx_exporter.quantize import QuantizeSettings
from services.onnx_exporter.steps import run_export, run_optimize, run_quantize
from services.onnx_exporter.testing.checkpoints import ModelShape, write_random_checkpoint
from services.onnx_exporter.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    write_random_checkpoint(tmp_path / "checkpoint", ModelShape(head_kind="mean"))
    model, workspace = load_trained_model(tmp_path / "checkpoint"), Workspace(tmp_path / "work")
    run_export(model, workspace)
    run_optimize(model, workspace)
    run_quantize(model, workspace, QuantizeSettings(), fixed_narratives())
    return workspace


def operators_when_loaded(graph: Path, loaded: Path) -> Counter[str]:
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(loaded)
    options.log_severity_level = 3
    ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    return Counter(node.op_type for node in onnx.load(loaded).graph.node)


def test_the_integer_product_adds_the_bias_and_gelu_stays_apart(
    workspace: Workspace, tmp_path: Path
) -> None:
    found = operators_when_loaded(workspace.served_graph, tmp_path / "loaded.onnx")

    assert found["Gelu"] == 2
    assert found["BiasGelu"] == found["Add"] == 0
