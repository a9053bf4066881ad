"""The files and the manifest of an artifact, gathered from a verified workspace."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from libs.artifact.files import describe_files
from libs.artifact.manifest import (
    MODEL_CARD_FILE,
    MODEL_FILE,
    SCRIPT_FILE,
    TOKENIZER_FILE,
    EncoderInfo,
    GraphInfo,
    Manifest,
    Scalar,
)
from services.onnx_exporter.export import TrainedModel
from services.onnx_exporter.model_card import render_model_card
from services.onnx_exporter.release import Release
from services.onnx_exporter.workspace import (
    ExportReport,
    QuantizeReport,
    VerifyReport,
    Workspace,
)


@contextmanager
def stage_files(model: TrainedModel, workspace: Workspace, release: Release) -> Iterator[Path]:
    """Yield a temporary folder with every file of the artifact but the manifest."""
    with tempfile.TemporaryDirectory(prefix=".pack-", dir=workspace.directory) as name:
        staged = Path(name)
        (staged / SCRIPT_FILE).parent.mkdir()
        (staged / SCRIPT_FILE).write_bytes(_script())
        shutil.copyfile(workspace.served_graph, staged / MODEL_FILE)
        shutil.copyfile(model.checkpoint.directory / TOKENIZER_FILE, staged / TOKENIZER_FILE)
        card = render_model_card(
            release, model, workspace.read(QuantizeReport), workspace.read(VerifyReport)
        )
        (staged / MODEL_CARD_FILE).write_text(card, encoding="utf-8")
        yield staged


def build_manifest(
    model: TrainedModel, workspace: Workspace, release: Release, staged: Path
) -> Manifest:
    """Return the manifest of the files in `staged`."""
    info = model.checkpoint.info
    quantized, verified = workspace.read(QuantizeReport), workspace.read(VerifyReport)
    return Manifest(
        name=release.name,
        version=release.version,
        label_schema=info.label_schema,
        label_schema_digest=info.label_schema.digest,
        head=info.head,
        encoder=EncoderInfo(info.encoder_name, model.checkpoint.digest),
        truncation=info.truncation,
        temperature=info.temperature,
        review_threshold=info.review_threshold,
        graph=GraphInfo(
            precision=quantized.precision,
            opset=workspace.read(ExportReport).opset,
            quantization=quantized.settings,
            one_narrative_per_run=verified.one_narrative_per_run,
        ),
        training_data_fingerprint=info.training_data_fingerprint,
        evaluation={**info.evaluation, **_verification_summary(verified)},
        code_revision=info.code_revision,
        created_at=release.created_at or info.created_at,
        files=describe_files(staged, (MODEL_FILE, TOKENIZER_FILE, SCRIPT_FILE, MODEL_CARD_FILE)),
    )


def _verification_summary(verified: VerifyReport) -> dict[str, Scalar]:
    """Return what does not depend on the speed of the machine, so that exports repeat."""
    measured = verified.measured
    return {
        "verification_narratives": measured.agreement.narratives,
        "verification_source": measured.agreement.source,
        "verification_max_logit_difference": measured.parity.max_logit_difference,
        "verification_flips": measured.agreement.flips,
        "verification_mean_probability_shift": measured.agreement.mean_probability_shift,
        "verification_macro_f1": measured.agreement.macro_f1,
        "verification_macro_f1_loss": measured.agreement.macro_f1_loss,
        "verification_ece_change": measured.agreement.ece_change,
    }


def _script() -> bytes:
    return files("services.onnx_exporter").joinpath("script_mode", "inference.py").read_bytes()
