import gzip
from pathlib import Path

import msgspec
import pytest

from libs.artifact.archive import open_artifact, pack_artifact, unpack_artifact
from libs.artifact.errors import ArtifactError, CorruptArtifactError, ManifestError
from libs.artifact.manifest import FILES, SCRIPT_FILE, Manifest
from libs.artifact.testing import write_artifact_files


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def manifest(files: Path) -> Manifest:
    return write_artifact_files(files)


@pytest.fixture
def archive(files: Path, manifest: Manifest, tmp_path: Path) -> Path:
    pack_artifact(files, manifest, tmp_path / "model.tar.gz")
    return tmp_path / "model.tar.gz"


def test_what_was_packed_comes_out_of_the_archive(
    files: Path, manifest: Manifest, tmp_path: Path
) -> None:
    digest = pack_artifact(files, manifest, tmp_path / "model.tar.gz")

    artifact = unpack_artifact(tmp_path / "model.tar.gz", tmp_path / "unpacked")

    assert (artifact.digest, artifact.manifest) == (digest, manifest)
    assert artifact.path(SCRIPT_FILE).read_text() == f"content of {SCRIPT_FILE}"
    assert open_artifact(tmp_path / "unpacked") == artifact


def test_packing_twice_gives_the_same_bytes(
    files: Path, manifest: Manifest, archive: Path, tmp_path: Path
) -> None:
    for name in FILES:
        (files / name).touch()

    pack_artifact(files, manifest, tmp_path / "again" / "model.tar.gz")

    assert (tmp_path / "again" / "model.tar.gz").read_bytes() == archive.read_bytes()


def test_an_unpacked_artifact_can_be_read_by_another_user(archive: Path, tmp_path: Path) -> None:
    artifact = unpack_artifact(archive, tmp_path / "unpacked")

    assert artifact.directory.stat().st_mode & 0o777 == 0o755


def test_a_file_that_differs_from_the_manifest_is_not_packed(
    files: Path, manifest: Manifest, tmp_path: Path
) -> None:
    (files / "model.onnx").write_text("another model")

    with pytest.raises(CorruptArtifactError, match=r"model\.onnx"):
        pack_artifact(files, manifest, tmp_path / "model.tar.gz")

    assert [path.name for path in tmp_path.iterdir()] == ["files"]


def test_an_archive_is_replaced_whole_or_not_at_all(
    files: Path, manifest: Manifest, archive: Path
) -> None:
    before = archive.read_bytes()
    (files / "model.onnx").unlink()

    with pytest.raises(CorruptArtifactError):
        pack_artifact(files, manifest, archive)

    assert archive.read_bytes() == before


def test_an_existing_folder_is_never_unpacked_into(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "unpacked").mkdir()

    with pytest.raises(ArtifactError, match="exists already"):
        unpack_artifact(archive, tmp_path / "unpacked")


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorruptArtifactError, match="absent.tar.gz cannot be read"):
        unpack_artifact(tmp_path / "absent.tar.gz", tmp_path / "unpacked")


@pytest.mark.parametrize("name", sorted(FILES))
def test_an_opened_folder_is_verified_to_the_last_file(
    archive: Path, tmp_path: Path, name: str
) -> None:
    artifact = unpack_artifact(archive, tmp_path / "unpacked")
    artifact.path(name).write_bytes(artifact.path(name).read_bytes()[:-1] + b"!")

    with pytest.raises(CorruptArtifactError, match=name):
        open_artifact(artifact.directory)


@pytest.mark.parametrize("name", ["surprise.bin", "code/__init__.py", "Model.onnx"])
def test_a_surprise_in_an_opened_folder_is_refused(
    archive: Path, tmp_path: Path, name: str
) -> None:
    artifact = unpack_artifact(archive, tmp_path / "unpacked")
    artifact.path(name).write_text("surprise")

    with pytest.raises(CorruptArtifactError, match="not named by the manifest"):
        open_artifact(artifact.directory)


@pytest.mark.parametrize("name", ["model.onnx", "code"])
def test_a_link_in_an_opened_folder_is_refused(archive: Path, tmp_path: Path, name: str) -> None:
    artifact = unpack_artifact(archive, tmp_path / "unpacked")
    artifact.path(name).rename(tmp_path / "elsewhere")
    artifact.path(name).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(CorruptArtifactError, match=f"{name} is a symbolic link"):
        open_artifact(artifact.directory)


def test_an_oversized_manifest_in_an_opened_folder_is_not_read(
    archive: Path, tmp_path: Path
) -> None:
    artifact = unpack_artifact(archive, tmp_path / "unpacked")
    artifact.path("manifest.json").write_bytes(b" " * (2 << 20))

    with pytest.raises(ArtifactError, match="at most 1048576"):
        open_artifact(artifact.directory)


def test_a_manifest_with_other_labels_than_its_digest_is_not_packed(
    files: Path, manifest: Manifest, tmp_path: Path
) -> None:
    wrong = msgspec.structs.replace(manifest, label_schema_digest="0" * 64)

    with pytest.raises(ManifestError, match="label_schema_digest"):
        pack_artifact(files, wrong, tmp_path / "model.tar.gz")


def test_every_truncation_of_an_archive_is_refused(archive: Path, tmp_path: Path) -> None:
    content = archive.read_bytes()

    for length in range(0, len(content), 97):
        (tmp_path / "cut.tar.gz").write_bytes(content[:length])
        with pytest.raises(ArtifactError):
            unpack_artifact(tmp_path / "cut.tar.gz", tmp_path / "unpacked")

    assert not (tmp_path / "unpacked").exists()


@pytest.mark.parametrize("name", sorted(FILES))
def test_no_flipped_bit_of_a_file_goes_unnoticed(archive: Path, tmp_path: Path, name: str) -> None:
    plain = gzip.decompress(archive.read_bytes())
    start = plain.index(b"content of " + name.encode())

    for index in range(start, start + len(name)):
        damaged = bytes([*plain[:index], plain[index] ^ 1, *plain[index + 1 :]])
        (tmp_path / "bad.tar.gz").write_bytes(gzip.compress(damaged, 1))
        with pytest.raises(CorruptArtifactError, match=name):
            unpack_artifact(tmp_path / "bad.tar.gz", tmp_path / "unpacked")

    assert not (tmp_path / "unpacked").exists()
