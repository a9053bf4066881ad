"""The trainer hears from what the exporter packed what the checkpoint itself would say."""

from pathlib import Path

import numpy as np
import torch

from libs.heads.postprocess import softmax
from services.onnx_exporter.export import load_trained_model
from services.onnx_exporter.gate import Bounds
from services.onnx_exporter.narratives import fixed_narratives
from services.onnx_exporter.pipeline import ExportSettings, run_pipeline
from services.onnx_exporter.quantize import QuantizeSettings
from services.onnx_exporter.release import Release
from services.onnx_exporter.steps import VerifySettings
from services.onnx_exporter.testing.checkpoints import write_random_checkpoint
from services.onnx_exporter.testing.silence import silent
from services.trainer.artifact_teacher import ask_artifact

NARRATIVES = ["the bank charged my card", "a collector never reported my debt", "they lost it"]


def test_an_artifact_teaches_what_its_checkpoint_would_answer(tmp_path: Path) -> None:
    checkpoint = write_random_checkpoint(tmp_path / "checkpoint")
    verify = VerifySettings(fixed_narratives(), Bounds(), threads=1)
    settings = ExportSettings(Release(), QuantizeSettings("fp32"), fixed_narratives(), verify)
    run_pipeline(checkpoint.directory, tmp_path / "artifact", settings, silent)
    progress: list[int] = []

    taught = ask_artifact(
        tmp_path / "artifact" / "model.tar.gz", [NARRATIVES[:2], NARRATIVES[2:]], progress.append
    )

    model = load_trained_model(checkpoint.directory)
    encoded = [torch.tensor([model.tokenizer.encode(text).input_ids]) for text in NARRATIVES]
    with torch.inference_mode():
        logits = [model.classifier(ids, torch.ones_like(ids))[0].numpy() for ids in encoded]
    expected = softmax(np.array(logits, dtype=np.float64), checkpoint.info.temperature)
    np.testing.assert_allclose(taught, expected, atol=1e-5)
    assert progress == [2, 3]
