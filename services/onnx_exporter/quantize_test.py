import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from libs.artifact.checkpoint import Checkpoint
from libs.artifact.manifest import Precision
from services.onnx_exporter.attention_split import split_attention
from services.onnx_exporter.errors import QuantizationError
from services.onnx_exporter.export import TrainedModel, export_graph, load_trained_model
from services.onnx_exporter.narratives import fixed_narratives
from services.onnx_exporter.onnx_classifier import OnnxClassifier, has_operator
from services.onnx_exporter.optimize import optimize_graph
from services.onnx_exporter.quantize import Job, Preset, QuantizeSettings, quantize_graph


@pytest.fixture(scope="module")
def model(checkpoint: Checkpoint) -> TrainedModel:
    return load_trained_model(checkpoint.directory)


@pytest.fixture(scope="module")
def encoded(model: TrainedModel) -> list[list[int]]:
    return [item.input_ids for item in model.tokenizer.encode_batch(fixed_narratives().texts)]


@pytest.fixture(scope="module")
def optimized(model: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("optimized")
    export_graph(model, folder / "float32.onnx")
    optimize_graph(
        folder / "float32.onnx",
        folder / "optimized.onnx",
        heads=model.heads,
        layers=model.layers,
        reads_first_token=model.checkpoint.info.head.reads_first_token,
    )
    return folder / "optimized.onnx"


def largest_difference(one: Path, other: Path, encoded: list[list[int]]) -> float:
    some, others = OnnxClassifier(one, 1), OnnxClassifier(other, 1)
    return max(float(np.abs(some.logits(ids) - others.logits(ids)).max()) for ids in encoded)


@pytest.mark.parametrize("precision", ["int8_dynamic", "int8_mixed", "int8_static"])
def test_the_sparse_branch_stays_float_whatever_else_does_not(
    optimized: Path, encoded: list[list[int]], tmp_path: Path, precision: Precision
) -> None:
    settings = QuantizeSettings(precision, float_operators=1)

    quantize_graph(Job(optimized, tmp_path / "model.onnx", settings, encoded))

    weights = {item.name for item in onnx.load(tmp_path / "model.onnx").graph.initializer}
    assert {name for name in weights if name.startswith("ngrams/")} == {
        "ngrams/weights",
        "ngrams/bias",
    }


@pytest.mark.parametrize(
    ("precision", "share_of_size", "difference"),
    [
        ("fp32", 1.0, 0.0),
        ("fp16", 0.7, 0.02),
        ("int8_dynamic", 0.6, 0.2),
        ("int8_mixed", 0.9, 0.2),
        ("int8_static", 0.9, 0.4),
    ],
)
def test_each_precision_is_smaller_and_close(
    optimized: Path,
    encoded: list[list[int]],
    tmp_path: Path,
    precision: Precision,
    share_of_size: float,
    difference: float,
) -> None:
    target = tmp_path / "model.onnx"

    quantize_graph(Job(optimized, target, QuantizeSettings(precision), encoded))

    assert target.stat().st_size <= share_of_size * optimized.stat().st_size
    assert largest_difference(optimized, target, encoded) <= difference
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("precision", ["fp16", "int8_dynamic", "int8_mixed", "int8_static"])
def test_a_precision_gives_the_same_bytes_twice(
    optimized: Path, encoded: list[list[int]], tmp_path: Path, precision: Precision
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        target = tmp_path / name / "model.onnx"
        quantize_graph(Job(optimized, target, QuantizeSettings(precision), encoded))

    assert (tmp_path / "one/model.onnx").read_bytes() == (tmp_path / "two/model.onnx").read_bytes()


@pytest.mark.parametrize("preset", ["avx512_vnni", "avx2", "arm64"])
def test_each_preset_says_what_it_made(
    optimized: Path, encoded: list[list[int]], tmp_path: Path, preset: Preset
) -> None:
    settings = QuantizeSettings("int8_dynamic", preset)

    made = quantize_graph(Job(optimized, tmp_path / "model.onnx", settings, encoded))

    assert made["preset"] == preset
    assert made["reduce_range"] == (preset == "avx2")
    assert largest_difference(optimized, tmp_path / "model.onnx", encoded) <= 0.3


def test_static_quantisation_does_not_depend_on_company(
    optimized: Path, encoded: list[list[int]], tmp_path: Path
) -> None:
    target = tmp_path / "model.onnx"

    quantize_graph(Job(optimized, target, QuantizeSettings("int8_static"), encoded))

    assert has_operator(target, "QuantizeLinear")
    assert not OnnxClassifier(target, 1).is_dynamic


def test_mixed_keeps_the_operators_that_lose_most_in_float(
    optimized: Path, encoded: list[list[int]], tmp_path: Path
) -> None:
    settings = QuantizeSettings("int8_mixed", float_operators=2)

    made = quantize_graph(Job(optimized, tmp_path / "model.onnx", settings, encoded))

    assert len(str(made["float_operators"]).split(",")) == 2
    assert has_operator(tmp_path / "model.onnx", "MatMul")


def test_mixed_without_anything_to_quantize_is_refused(
    optimized: Path, encoded: list[list[int]], tmp_path: Path
) -> None:
    settings = QuantizeSettings("int8_mixed", float_operators=99)

    with pytest.raises(QuantizationError, match="leave nothing to quantize"):
        quantize_graph(Job(optimized, tmp_path / "model.onnx", settings, encoded[:2]))


def test_splitting_attention_changes_no_answer(
    optimized: Path, encoded: list[list[int]], tmp_path: Path
) -> None:
    count = split_attention(optimized, tmp_path / "split.onnx")

    assert count == 2
    assert not has_operator(tmp_path / "split.onnx", "Attention")
    assert largest_difference(optimized, tmp_path / "split.onnx", encoded) < 1e-5


def test_the_source_is_left_as_it_was(
    optimized: Path, encoded: list[list[int]], tmp_path: Path
) -> None:
    source = Path(shutil.copy(optimized, tmp_path / "source.onnx"))

    quantize_graph(Job(source, tmp_path / "model.onnx", QuantizeSettings(), encoded))

    assert source.read_bytes() == optimized.read_bytes()
