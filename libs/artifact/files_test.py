from pathlib import Path

import pytest

from libs.artifact.errors import CorruptArtifactError
from libs.artifact.files import describe_file, describe_files, is_plain_name, verify_files


def test_an_entry_is_the_sha256_and_the_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")

    entry = describe_file(tmp_path / "a")

    assert entry.size_bytes == 3
    assert entry.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_described_files_verify(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"b")
    (tmp_path / "a").write_bytes(b"a")

    entries = describe_files(tmp_path, ["b", "a"])

    verify_files(tmp_path, entries)
    assert list(entries) == ["a", "b"]


def test_a_file_that_grew_is_refused_with_both_sizes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    entries = describe_files(tmp_path, ["a"])
    (tmp_path / "a").write_bytes(b"ab")

    with pytest.raises(CorruptArtifactError, match=r"2 bytes.*1 bytes"):
        verify_files(tmp_path, entries)


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    entries = describe_files(tmp_path, ["a"])
    (tmp_path / "a").unlink()
    (tmp_path / "a").mkdir()

    with pytest.raises(CorruptArtifactError, match="a is missing"):
        verify_files(tmp_path, entries)


@pytest.mark.parametrize("name", ["a", "a.b", "code/inference.py", "A-b_c.9", "..a"])
def test_a_plain_name_is_accepted(name: str) -> None:
    assert is_plain_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\\b", "a b", "a\n", "é", "a" * 101],
)
def test_another_name_is_refused(name: str) -> None:
    assert not is_plain_name(name)
