import errno
from pathlib import Path

import pytest
from safetensors import SafetensorError

from services.trainer.errors import OutputError
from services.trainer.files import new_folder


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with new_folder(tmp_path / "a" / "b") as folder:
        (folder / "file").write_text("x")
        assert not (tmp_path / "a" / "b").exists()

    assert (tmp_path / "a" / "b" / "file").read_text() == "x"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("I/O error: No space left on device (os error 28)"),
        RuntimeError("PytorchStreamWriter failed writing file data/1"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 49152"),
    ],
)
def test_a_full_disk_is_one_sentence_and_leaves_what_was_there(
    tmp_path: Path, error: Exception
) -> None:
    with new_folder(tmp_path / "out") as folder:
        (folder / "file").write_text("old")

    with pytest.raises(OutputError, match="the disk is full"), new_folder(tmp_path / "out"):
        raise error

    assert (tmp_path / "out" / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
