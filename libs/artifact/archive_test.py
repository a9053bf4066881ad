from datetime import UTC, datetime
from pathlib import Path

from libs.artifact.archive import pack_artifact, unpack_artifact
from libs.artifact.files import describe_files
from libs.artifact.manifest import (
    MODEL_CARD_FILE,
    MODEL_FILE,
    SCRIPT_FILE,
    TOKENIZER_FILE,
    EncoderInfo,
    GraphInfo,
    Manifest,
)
from libs.heads.spec import HeadSpec
from libs.labels.schema import LABEL_SCHEMA
from libs.text.truncation import TruncationSpec

FILES = (MODEL_FILE, TOKENIZER_FILE, SCRIPT_FILE, MODEL_CARD_FILE)


def manifest_of(directory: Path) -> Manifest:
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
        evaluation={},
        code_revision="test",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        files=describe_files(directory, FILES),
    )


def test_what_was_packed_comes_out_of_the_archive(tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path / "files")
    digest = pack_artifact(tmp_path / "files", manifest, tmp_path / "model.tar.gz")

    artifact = unpack_artifact(tmp_path / "model.tar.gz", tmp_path / "unpacked")

    assert artifact.digest == digest
    assert artifact.manifest == manifest
    assert artifact.path(SCRIPT_FILE).read_text() == f"content of {SCRIPT_FILE}"
