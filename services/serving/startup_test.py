"""The container's start as its user meets it: real processes, real exit codes."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from libs.labels.schema import LABEL_SCHEMA, LabelSchema
from services.serving.testing.tiny_artifact import TinySpec, write_tiny_archive

REPOSITORY = Path(__file__).parents[2]


def start(model_path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.serving.main", "serve"],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "MODEL_PATH": str(model_path),
            "COMPLAINTS_BIND_HOST": "127.0.0.1",
            "SAGEMAKER_BIND_TO_PORT": "0",
            **environ,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


def one_sentence(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2, result.stderr
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_malformed_setting_is_named(tmp_path: Path) -> None:
    result = start(tmp_path, COMPLAINTS_WORKERS="many")

    assert "COMPLAINTS_WORKERS is 'many'" in one_sentence(result)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    result = start(tmp_path / "absent")

    assert "MODEL_PATH" in one_sentence(result)


def test_a_corrupt_archive_stops_the_start(tmp_path: Path) -> None:
    archive = write_tiny_archive(tmp_path)
    archive.write_bytes(archive.read_bytes()[:-200])

    result = start(archive)

    assert "not a readable model.tar.gz" in one_sentence(result)


def test_a_model_of_other_labels_stops_the_start(tmp_path: Path) -> None:
    other = LabelSchema(1, LABEL_SCHEMA.names[:4], LABEL_SCHEMA.display_names[:4])
    archive = write_tiny_archive(tmp_path, TinySpec(label_schema=other))

    result = start(archive)

    assert "label schema digest" in one_sentence(result)


def test_a_graph_that_the_runtime_refuses_stops_the_start(tmp_path: Path) -> None:
    archive = write_tiny_archive(tmp_path, TinySpec(model=b"not a graph"))

    result = start(archive)

    assert "model.onnx does not load" in one_sentence(result)


def test_a_graph_that_does_not_run_stops_the_start(tmp_path: Path) -> None:
    axes = ["batch", "length"]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["ids"], ["logits"])],
        "other names",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, axes)],
        [helper.make_tensor_value_info("logits", TensorProto.INT64, axes)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    archive = write_tiny_archive(tmp_path, TinySpec(model=model.SerializeToString()))

    result = start(archive)

    assert "does not pass its self-test" in one_sentence(result)


def test_a_provider_that_this_machine_lacks_stops_the_start(tmp_path: Path) -> None:
    result = start(write_tiny_archive(tmp_path), COMPLAINTS_PROVIDER="cuda")

    assert "CUDAExecutionProvider" in one_sentence(result)


def test_a_port_in_use_stops_the_start(tmp_path: Path) -> None:
    archive = write_tiny_archive(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        result = start(archive, SAGEMAKER_BIND_TO_PORT=port)

    assert f"cannot listen on 127.0.0.1:{port}" in one_sentence(result)


@pytest.mark.parametrize("module", ["main", "server", "loading"])
def test_no_training_library_is_imported(module: str) -> None:
    forbidden = ["torch", "transformers", "optimum", "boto3", "pandas", "sklearn"]
    program = (
        f"import sys, services.serving.{module}\n"
        f"print([name for name in {forbidden} if name in sys.modules])"
    )

    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert result.stdout.strip() == "[]"
