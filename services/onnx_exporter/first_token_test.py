from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from libs.heads.spec import HeadKind
from services.onnx_exporter.export import load_trained_model
from services.onnx_exporter.first_token import PREFIX
from services.onnx_exporter.onnx_classifier import OnnxClassifier, pad
from services.onnx_exporter.steps import run_export, run_optimize
from services.onnx_exporter.testing.checkpoints import ModelShape, write_random_checkpoint
from services.onnx_exporter.workspace import Workspace

NARRATIVES = [[2, 9, 14, 7, 3], [2, 21, 3], [2, 8, 8, 30, 41, 17, 3]]


def optimized(tmp_path: Path, kind: HeadKind) -> tuple[Path, torch.nn.Module]:
    write_random_checkpoint(tmp_path / "checkpoint", ModelShape(head_kind=kind))
    model, workspace = load_trained_model(tmp_path / "checkpoint"), Workspace(tmp_path / "work")
    run_export(model, workspace)
    run_optimize(model, workspace)
    return workspace.optimized_graph, model.classifier


def test_the_answer_is_the_same_alone_and_in_a_padded_batch(tmp_path: Path) -> None:
    graph, classifier = optimized(tmp_path, "cls_mlp")
    ids, mask = pad(NARRATIVES, 0, 9)
    with torch.inference_mode():
        expected = classifier(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()

    model = OnnxClassifier(graph, threads=1)

    np.testing.assert_allclose(model.batch_logits(ids, mask), expected, atol=1e-5)
    alone = [model.logits(narrative) for narrative in NARRATIVES]
    np.testing.assert_allclose(alone, expected, atol=1e-5)


def test_only_the_first_token_reaches_the_last_query_and_feed_forward(tmp_path: Path) -> None:
    nodes = onnx.load(optimized(tmp_path, "cls_mlp")[0]).graph.node
    readers = [node for node in nodes if PREFIX in node.input]

    # The query, and the residual of the sum after attention.
    assert [node.op_type for node in readers] == ["MatMul", "Sum"]


@pytest.mark.parametrize("kind", ["mean", "cls_mean"])
def test_a_head_that_reads_every_token_gets_every_token(tmp_path: Path, kind: HeadKind) -> None:
    nodes = onnx.load(optimized(tmp_path, kind)[0]).graph.node

    assert PREFIX not in {node.name for node in nodes}
