from pathlib import Path

import numpy as np
import pytest
import torch

from libs.artifact.archive import unpack_artifact
from libs.artifact.manifest import MODEL_FILE, Precision
from libs.heads.spec import HeadKind
from libs.heads.torch_classifier import load_classifier
from services.onnx_exporter.errors import UnrecoverableError
from services.onnx_exporter.gate import Bounds
from services.onnx_exporter.narratives import fixed_narratives
from services.onnx_exporter.onnx_classifier import OnnxClassifier
from services.onnx_exporter.pipeline import ExportSettings, run_pipeline
from services.onnx_exporter.quantize import QuantizeSettings
from services.onnx_exporter.recover import GraphWeights, recover_checkpoint
from services.onnx_exporter.release import Release
from services.onnx_exporter.steps import VerifySettings
from services.onnx_exporter.testing.checkpoints import ModelShape, write_random_checkpoint
from services.onnx_exporter.testing.silence import silent

INPUT_IDS = [2, 9, 14, 7, 30, 21, 3]
LOOSE = Bounds(flip_rate=1.0)


@pytest.mark.parametrize("kind", ["cls_mlp", "cls_mean"])
@pytest.mark.parametrize(("precision", "difference"), [("fp32", 1e-5), ("int8_dynamic", 0.2)])
def test_the_checkpoint_answers_as_the_artifact(
    tmp_path: Path, kind: HeadKind, precision: Precision, difference: float
) -> None:
    shape = ModelShape(head_kind=kind, ngrams=0)
    checkpoint = write_random_checkpoint(tmp_path / "checkpoint", shape)
    verify = VerifySettings(fixed_narratives(), LOOSE, threads=1)
    settings = ExportSettings(Release(), QuantizeSettings(precision), fixed_narratives(), verify)
    run_pipeline(checkpoint.directory, tmp_path / "packed", settings, silent)
    artifact = unpack_artifact(tmp_path / "packed" / "model.tar.gz", tmp_path / "artifact")

    recovered = recover_checkpoint(artifact, tmp_path / "recovered")

    classifier = load_classifier(recovered.directory, recovered.info.head)
    ids = torch.tensor([INPUT_IDS])
    with torch.inference_mode():
        logits = classifier(ids, torch.ones_like(ids))[0].numpy()
    served = OnnxClassifier(artifact.path(MODEL_FILE), threads=1).logits(INPUT_IDS)
    np.testing.assert_allclose(logits, served, atol=difference)
    assert recovered.info.label_schema == checkpoint.info.label_schema


def test_a_weight_that_is_missing_is_named() -> None:
    with pytest.raises(UnrecoverableError, match="no weight head.output.bias"):
        GraphWeights({}, 4).take("head.output.bias")
