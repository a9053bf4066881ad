from pathlib import Path

import pytest

from services.trainer.errors import DataError, OutputError
from services.trainer.inputs import fetch_input, parse_address
from services.trainer.testing.memory_objects import MemoryObjects

ADDRESS = parse_address("s3://bucket/in/complaints.csv")


def test_an_object_becomes_a_file_of_its_own_name(tmp_path: Path) -> None:
    objects = MemoryObjects({str(ADDRESS): b"narrative"})

    path = fetch_input(ADDRESS, tmp_path / "inputs", objects)

    assert path == tmp_path / "inputs" / "complaints.csv"
    assert path.read_bytes() == b"narrative"


def test_an_object_is_fetched_again_only_when_it_has_changed(tmp_path: Path) -> None:
    objects = MemoryObjects({str(ADDRESS): b"old"})
    fetch_input(ADDRESS, tmp_path, objects)
    fetch_input(ADDRESS, tmp_path, objects)
    assert objects.sent == 1
    objects.contents[str(ADDRESS)] = b"new"

    path = fetch_input(ADDRESS, tmp_path, objects)

    assert path.read_bytes() == b"new"


def test_a_file_that_was_lost_is_fetched_again(tmp_path: Path) -> None:
    objects = MemoryObjects({str(ADDRESS): b"content"})
    fetch_input(ADDRESS, tmp_path, objects).unlink()

    path = fetch_input(ADDRESS, tmp_path, objects)

    assert path.read_bytes() == b"content"


def test_a_failed_download_leaves_what_was_there(tmp_path: Path) -> None:
    path = fetch_input(ADDRESS, tmp_path, MemoryObjects({str(ADDRESS): b"old"}))
    before = sorted(tmp_path.iterdir())

    with pytest.raises(DataError, match="no such key"):
        fetch_input(ADDRESS, tmp_path, MemoryObjects({}))

    assert path.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match="cannot be written"):
        fetch_input(ADDRESS, tmp_path / "file" / "inputs", MemoryObjects({str(ADDRESS): b""}))


@pytest.mark.parametrize("name", ["s3://", "s3://bucket", "s3://bucket/", "s3:/b/k", "s3://b/k/"])
def test_what_names_no_object_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="is no object: expected s3://bucket/key"):
        parse_address(name)
