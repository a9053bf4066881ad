from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from services.onnx_exporter.residual_norm import FUSED, split_residual_norms

WIDTH = 8


def fused_model(has_bias: bool) -> onnx.ModelProto:
    generator = np.random.default_rng(1)
    weights = {
        name: generator.standard_normal(WIDTH).astype(np.float32)
        for name in ("scale", "shift", "bias")
    }
    inputs = ["branch", "residual", "scale", "shift", *(["bias"] if has_bias else [])]
    node = helper.make_node(
        FUSED, inputs, ["normed"], name="norm", domain="com.microsoft", epsilon=1e-12
    )
    shape: list[str | int | None] = [1, "length", WIDTH]
    graph = helper.make_graph(
        [node],
        "norms",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name in ("branch", "residual")
        ],
        [helper.make_tensor_value_info("normed", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def run(model: onnx.ModelProto, loaded: Path) -> np.ndarray:
    """Return what the model answers; `loaded` is the graph as ONNX Runtime runs it."""
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(loaded)
    options.log_severity_level = 3
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    generator = np.random.default_rng(2)
    feed = {
        name: generator.standard_normal((1, 5, WIDTH)).astype(np.float32)
        for name in ("branch", "residual")
    }
    (normed,) = session.run(None, feed)
    return np.asarray(normed)


@pytest.mark.parametrize("has_bias", [True, False])
def test_the_parts_answer_as_the_whole_and_are_not_fused_again(
    has_bias: bool, tmp_path: Path
) -> None:
    model = fused_model(has_bias)
    expected = run(model, tmp_path / "before.onnx")

    count = split_residual_norms(model.graph)

    assert count == 1
    np.testing.assert_allclose(run(model, tmp_path / "after.onnx"), expected, atol=1e-5)
    operators = Counter(node.op_type for node in onnx.load(tmp_path / "after.onnx").graph.node)
    assert operators["LayerNormalization"] == 1
    assert FUSED not in operators


def test_a_norm_whose_sum_is_also_wanted_stays_whole() -> None:
    model = fused_model(has_bias=False)
    model.graph.node[0].output.extend(["", "", "sum"])

    assert split_residual_norms(model.graph) == 0
    assert model.graph.node[0].op_type == FUSED
