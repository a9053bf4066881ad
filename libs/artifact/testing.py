"""Small artifacts and checkpoints for the tests of this package; nothing in them is a model."""

from datetime import UTC, datetime
from pathlib import Path

from libs.artifact.checkpoint import CheckpointInfo
from libs.artifact.files import describe_files
from libs.artifact.manifest import FILES, EncoderInfo, GraphInfo, Manifest
from libs.heads.spec import HeadSpec
from libs.labels.schema import LABEL_SCHEMA
from libs.text.truncation import TruncationSpec

CREATED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def write_artifact_files(directory: Path) -> Manifest:
    """Write a file of text in place of each file of an artifact; return their manifest."""
    (directory / "code").mkdir(parents=True)
    for name in FILES:
        (directory / name).write_text(f"content of {name}")
    return Manifest(
        name="small",
        version="1",
        label_schema=LABEL_SCHEMA,
        label_schema_digest=LABEL_SCHEMA.digest,
        head=HeadSpec("mean", hidden_size=4, num_labels=len(LABEL_SCHEMA)),
        encoder=EncoderInfo("random", checkpoint_digest="0" * 64),
        truncation=TruncationSpec(),
        temperature=1.0,
        review_threshold=0.6,
        graph=GraphInfo("fp32", opset=18, quantization={}, one_narrative_per_run=False),
        training_data_fingerprint="0" * 64,
        evaluation={"macro_f1": 0.5},
        code_revision="test",
        created_at=CREATED_AT,
        files=describe_files(directory, FILES),
    )


def write_checkpoint_files(directory: Path) -> CheckpointInfo:
    """Write a file of text in place of each file of a checkpoint; return their description."""
    names = ("config.json", "model.safetensors", "tokenizer.json", "evaluation.json")
    directory.mkdir(parents=True)
    for name in names:
        (directory / name).write_text(f"content of {name}")
    return CheckpointInfo(
        label_schema=LABEL_SCHEMA,
        head=HeadSpec("mean", hidden_size=4, num_labels=len(LABEL_SCHEMA)),
        encoder_name="random",
        truncation=TruncationSpec(),
        temperature=1.0,
        review_threshold=0.6,
        training_data_fingerprint="0" * 64,
        hyperparameters={"seed": 7},
        evaluation={},
        code_revision="test",
        created_at=CREATED_AT,
        files=describe_files(directory, names),
    )
