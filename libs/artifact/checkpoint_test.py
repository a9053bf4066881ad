import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from libs.artifact.checkpoint import CHECKPOINT_FILE, open_checkpoint, write_checkpoint_info
from libs.artifact.errors import CorruptArtifactError, ManifestError
from libs.artifact.testing import write_checkpoint_files


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write_checkpoint_info(tmp_path / "c", write_checkpoint_files(tmp_path / "c"))
    return tmp_path / "c"


def rewrite(directory: Path, **fields: Any) -> None:
    path = directory / CHECKPOINT_FILE
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **fields}))


def test_a_checkpoint_survives_a_round_trip(tmp_path: Path) -> None:
    info = write_checkpoint_files(tmp_path / "c")
    written = write_checkpoint_info(tmp_path / "c", info)

    restored = open_checkpoint(tmp_path / "c")

    assert restored == written
    assert restored.info == info


def test_writing_leaves_no_temporary_file(directory: Path) -> None:
    names = {path.name for path in directory.iterdir()}

    assert names == {
        "checkpoint.json", "config.json", "evaluation.json", "model.safetensors", "tokenizer.json",
    }  # fmt: skip


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptArtifactError, match="checkpoint.json cannot be read"):
        open_checkpoint(tmp_path)


def test_a_changed_file_is_named(directory: Path) -> None:
    (directory / "model.safetensors").write_text("other weights")

    with pytest.raises(CorruptArtifactError, match="model.safetensors"):
        open_checkpoint(directory)


def test_a_missing_file_is_named(directory: Path) -> None:
    (directory / "tokenizer.json").unlink()

    with pytest.raises(CorruptArtifactError, match="tokenizer.json is missing"):
        open_checkpoint(directory)


@pytest.mark.parametrize(
    ("field", "value"),
    [("format_version", 2), ("temperature", 0), ("created_at", "yesterday"), ("surprise", 1)],
)
def test_a_field_that_breaks_the_format_is_named(
    directory: Path, field: str, value: object
) -> None:
    rewrite(directory, **{field: value})

    with pytest.raises(ManifestError, match=field):
        open_checkpoint(directory)


@pytest.mark.parametrize("name", ["../c/config.json", "/etc/hostname", "checkpoint.json", "a//b"])
def test_a_file_outside_the_folder_is_refused(directory: Path, name: str) -> None:
    files = json.loads((directory / CHECKPOINT_FILE).read_bytes())["files"]
    rewrite(directory, files={**files, name: files["config.json"]})

    with pytest.raises(ManifestError, match="plain relative path"):
        open_checkpoint(directory)


def test_a_checkpoint_without_weights_is_not_written(tmp_path: Path) -> None:
    info = write_checkpoint_files(tmp_path / "c")
    files = {name: entry for name, entry in info.files.items() if name != "model.safetensors"}

    with pytest.raises(ManifestError, match=r"lacks model\.safetensors"):
        write_checkpoint_info(tmp_path / "c", msgspec.structs.replace(info, files=files))

    assert not (tmp_path / "c" / CHECKPOINT_FILE).exists()
