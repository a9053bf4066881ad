from dataclasses import replace
from pathlib import Path

import pytest

from libs.artifact.archive import unpack_artifact
from libs.artifact.checkpoint import Checkpoint
from services.onnx_exporter.errors import GateError
from services.onnx_exporter.gate import Bounds
from services.onnx_exporter.pipeline import ExportResult, ExportSettings, run_pipeline
from services.onnx_exporter.steps import VerifySettings
from services.onnx_exporter.testing.silence import silent


def test_the_artifact_is_what_contract_7_says(
    exported: ExportResult, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    artifact = unpack_artifact(Path(exported.archive), tmp_path / "model")

    assert artifact.digest == exported.digest
    assert artifact.manifest.encoder.checkpoint_digest == checkpoint.digest
    assert artifact.manifest.graph.precision == "int8_dynamic"
    assert artifact.manifest.graph.one_narrative_per_run


def test_the_same_checkpoint_gives_the_same_bytes(
    exported: ExportResult, checkpoint: Checkpoint, export_settings: ExportSettings, tmp_path: Path
) -> None:
    again = run_pipeline(checkpoint.directory, tmp_path, export_settings, silent)

    assert Path(again.archive).read_bytes() == Path(exported.archive).read_bytes()


def test_a_broken_bound_leaves_no_artifact(
    checkpoint: Checkpoint, export_settings: ExportSettings, tmp_path: Path
) -> None:
    narratives = export_settings.verify.narratives
    strict = VerifySettings(narratives, Bounds(probability_shift=0.0, size_bytes=100))

    with pytest.raises(GateError, match="bytes.*bound 100") as caught:
        run_pipeline(
            checkpoint.directory, tmp_path / "out", replace(export_settings, verify=strict), silent
        )

    assert len(caught.value.failures) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_keeps_the_artifact_that_was_there(
    checkpoint: Checkpoint, export_settings: ExportSettings, tmp_path: Path
) -> None:
    (tmp_path / "model.tar.gz").write_bytes(b"the one before")
    strict = VerifySettings(export_settings.verify.narratives, Bounds(size_bytes=100))

    with pytest.raises(GateError):
        run_pipeline(
            checkpoint.directory, tmp_path, replace(export_settings, verify=strict), silent
        )

    assert [path.name for path in tmp_path.iterdir()] == ["model.tar.gz"]
    assert (tmp_path / "model.tar.gz").read_bytes() == b"the one before"
