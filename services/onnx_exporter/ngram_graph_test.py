from pathlib import Path

import numpy as np
import pytest
import torch

from libs.artifact.checkpoint import Checkpoint
from libs.heads.torch_ngrams import NgramBranch
from services.onnx_exporter.export import TrainedModel, export_graph, load_trained_model
from services.onnx_exporter.onnx_classifier import OnnxClassifier, has_operator, pad
from services.onnx_exporter.parity import torch_logits


@pytest.fixture(scope="module")
def model(checkpoint: Checkpoint) -> TrainedModel:
    return load_trained_model(checkpoint.directory)


@pytest.fixture(scope="module")
def graph(model: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> OnnxClassifier:
    path = tmp_path_factory.mktemp("graph") / "float32.onnx"
    export_graph(model, path)
    assert has_operator(path, "TfIdfVectorizer")
    return OnnxClassifier(path, threads=1)


def random_ids(count: int) -> list[list[int]]:
    generator = np.random.default_rng(3)
    return [generator.integers(1, 200, generator.integers(1, 90)).tolist() for _ in range(count)]


def test_the_graph_scores_ngrams_as_torch_does(model: TrainedModel, graph: OnnxClassifier) -> None:
    branch, ids = model.classifier.ngrams, random_ids(30)
    assert branch is not None

    differences = [np.abs(graph.logits(row) - torch_logits(model.classifier, row)) for row in ids]

    scores = [branch(torch.tensor([row])) for row in ids]
    assert float(np.max(differences)) < 1e-5
    assert float(torch.cat(scores).std()) > 0.1


def test_padding_and_company_leave_the_scores_alone(graph: OnnxClassifier) -> None:
    ids = random_ids(6)

    together = graph.batch_logits(*pad(ids, 0, 100))

    alone = np.stack([graph.logits(row) for row in ids])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_branch_without_pairs_is_exported_too(checkpoint: Checkpoint, tmp_path: Path) -> None:
    tokens_alone = load_trained_model(checkpoint.directory)
    tokens_alone.classifier.add_ngrams(
        NgramBranch(torch.tensor([5, 9]), torch.ones(2), torch.ones(2, 5), torch.zeros(5))
    )

    export_graph(tokens_alone, tmp_path / "float32.onnx")

    logits = OnnxClassifier(tmp_path / "float32.onnx", threads=1).logits([2, 5, 9, 3])
    np.testing.assert_allclose(
        logits, torch_logits(tokens_alone.classifier, [2, 5, 9, 3]), atol=1e-5
    )
