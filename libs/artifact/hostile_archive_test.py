"""Archives that no exporter writes. Each is refused with one error, and leaves nothing behind."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from libs.artifact.archive import pack_artifact, unpack_artifact
from libs.artifact.errors import ArtifactError, CorruptArtifactError, UnsafeArchiveError
from libs.artifact.testing import write_artifact_files

Member = tuple[tarfile.TarInfo, bytes]
MEBIBYTE = 1 << 20


@dataclass
class Honest:
    """The members of an honest archive, for each case to spoil."""

    members: list[Member] = field(default_factory=list)
    tail: bytes = b""

    def member(self, name: str) -> tarfile.TarInfo:
        return next(info for info, _ in self.members if info.name == name)

    def replace(self, name: str, content: bytes) -> None:
        self.members = [(info, content if info.name == name else old) for info, old in self.members]
        self.member(name).size = len(content)

    def tar(self) -> bytes:
        """The headers as they are, true or not."""
        blocks = []
        for info, content in self.members:
            blocks += [info.tobuf(tarfile.GNU_FORMAT), content, bytes(-len(content) % 512)]
        return b"".join(blocks) + bytes(1024) + self.tail


def plain(name: str, content: bytes = b"") -> Member:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info, content


def special(name: str, kind: bytes, target: str = "") -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


@pytest.fixture
def honest(tmp_path: Path) -> Honest:
    manifest = write_artifact_files(tmp_path / "files")
    pack_artifact(tmp_path / "files", manifest, tmp_path / "honest.tar.gz")
    with tarfile.open(tmp_path / "honest.tar.gz") as tar:
        members = [(info, _content(tar, info)) for info in tar.getmembers()]
    return Honest(members)


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(info)
    assert file is not None
    return file.read()


@contextmanager
def refused(
    tmp_path: Path, kind: type[ArtifactError], match: str
) -> Iterator[Callable[[bytes], None]]:
    """Give a function that unpacks bytes; check the error and that nothing is left on disk."""
    before = {path.name for path in tmp_path.iterdir()} | {"hostile.tar.gz"}

    def unpack(content: bytes) -> None:
        (tmp_path / "hostile.tar.gz").write_bytes(content)
        unpack_artifact(tmp_path / "hostile.tar.gz", tmp_path / "unpacked")

    with pytest.raises(kind, match=match) as caught:
        yield unpack

    assert {path.name for path in tmp_path.iterdir()} == before
    assert "\n" not in str(caught.value)


def test_the_archive_that_the_cases_spoil_is_sound(honest: Honest, tmp_path: Path) -> None:
    (tmp_path / "sound.tar.gz").write_bytes(gzip.compress(honest.tar()))

    artifact = unpack_artifact(tmp_path / "sound.tar.gz", tmp_path / "unpacked")

    assert artifact.manifest.name == "small"


def test_folders_of_named_files_are_allowed(honest: Honest, tmp_path: Path) -> None:
    honest.members.insert(1, special("code", tarfile.DIRTYPE))
    (tmp_path / "sound.tar.gz").write_bytes(gzip.compress(honest.tar()))

    artifact = unpack_artifact(tmp_path / "sound.tar.gz", tmp_path / "unpacked")

    assert artifact.path("code/inference.py").is_file()


@pytest.mark.parametrize(
    ("member", "says"),
    [
        (special("model.onnx", tarfile.SYMTYPE, "/etc/passwd"), "symbolic link"),
        (special("code", tarfile.SYMTYPE, "/tmp"), "symbolic link"),
        (special("model.onnx", tarfile.LNKTYPE, "tokenizer.json"), "hard link"),
        (special("model.onnx", tarfile.CHRTYPE), "device"),
        (special("model.onnx", tarfile.BLKTYPE), "device"),
        (special("model.onnx", tarfile.FIFOTYPE), "pipe"),
        (special("model.onnx", tarfile.GNUTYPE_SPARSE), "sparse"),
        (special("model.onnx", tarfile.CONTTYPE), "of type"),
        (special("x", b"Z"), "of type"),
        (special("/etc", tarfile.DIRTYPE), "folder that holds no file"),
        (special("..", tarfile.DIRTYPE), "folder that holds no file"),
        (special("code/deep", tarfile.DIRTYPE), "folder that holds no file"),
        (special(".", tarfile.DIRTYPE), "folder that holds no file"),
        (plain("/model.onnx"), "not named by the manifest"),
        (plain("../model.onnx"), "not named by the manifest"),
        (plain("code/../../model.onnx"), "not named by the manifest"),
        (plain("./model.onnx"), "not named by the manifest"),
        (plain("MODEL.onnx"), "not named by the manifest"),
        (plain("surprise.py"), "not named by the manifest"),
        (plain("code\\inference.py"), "not named by the manifest"),
        (plain(""), "not named by the manifest"),
        (plain("manifest.json"), "not named by the manifest"),
    ],
)
@pytest.mark.parametrize("position", [1, 3, 5])
def test_a_member_that_no_artifact_has_is_refused(
    honest: Honest, tmp_path: Path, member: Member, says: str, position: int
) -> None:
    honest.members.insert(position, member)

    with refused(tmp_path, UnsafeArchiveError, says) as unpack:
        unpack(gzip.compress(honest.tar()))


def test_a_member_that_comes_twice_is_refused(honest: Honest, tmp_path: Path) -> None:
    honest.members.append(honest.members[1])

    with refused(tmp_path, UnsafeArchiveError, "comes twice") as unpack:
        unpack(gzip.compress(honest.tar()))


@pytest.mark.parametrize("size", [0, 1, 10**9, 8 << 40])
def test_a_size_that_differs_from_the_manifest_is_refused(
    honest: Honest, tmp_path: Path, size: int
) -> None:
    honest.member("model.onnx").size = size

    with refused(tmp_path, UnsafeArchiveError, "the manifest says") as unpack:
        unpack(gzip.compress(honest.tar()))


def test_a_negative_size_is_refused(honest: Honest, tmp_path: Path) -> None:
    honest.member("model.onnx").size = -512

    with refused(tmp_path, UnsafeArchiveError, "impossible size") as unpack:
        unpack(gzip.compress(honest.tar()))


def test_content_that_differs_from_its_digest_is_refused(honest: Honest, tmp_path: Path) -> None:
    size = honest.member("model.onnx").size
    honest.replace("model.onnx", b"x" * size)

    with refused(tmp_path, CorruptArtifactError, r"model\.onnx has sha256") as unpack:
        unpack(gzip.compress(honest.tar()))


def test_a_missing_member_is_refused(honest: Honest, tmp_path: Path) -> None:
    honest.members = [member for member in honest.members if member[0].name != "model.onnx"]

    with refused(tmp_path, CorruptArtifactError, r"model\.onnx is missing") as unpack:
        unpack(gzip.compress(honest.tar()))


def test_an_archive_must_begin_with_its_manifest(honest: Honest, tmp_path: Path) -> None:
    honest.members.reverse()

    with refused(tmp_path, UnsafeArchiveError, r"begin with manifest\.json") as unpack:
        unpack(gzip.compress(honest.tar()))


def test_an_oversized_manifest_is_refused_unread(honest: Honest, tmp_path: Path) -> None:
    honest.member("manifest.json").size = 2 * MEBIBYTE

    with refused(tmp_path, UnsafeArchiveError, "at most 1048576") as unpack:
        unpack(gzip.compress(honest.tar()))


def test_a_manifest_that_promises_terabytes_is_refused(honest: Honest, tmp_path: Path) -> None:
    document = json.loads(honest.members[0][1])
    document["files"]["model.onnx"]["size_bytes"] = 8 << 40
    honest.replace("manifest.json", json.dumps(document).encode())

    with refused(tmp_path, UnsafeArchiveError, "at most 4 GiB") as unpack:
        unpack(gzip.compress(honest.tar()))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_an_extension_header_is_refused_before_its_content_is_read(
    honest: Honest, tmp_path: Path, kind: bytes
) -> None:
    # A reader that follows it would hold two terabytes in memory.
    bomb = tarfile.TarInfo("extension")
    bomb.type, bomb.size = kind, 2 << 40
    honest.members.insert(0, (bomb, b"x" * MEBIBYTE))

    with refused(tmp_path, UnsafeArchiveError, "expected plain files") as unpack:
        unpack(gzip.compress(honest.tar()))


def test_a_bomb_of_zeros_stops_at_the_size_that_was_declared(
    honest: Honest, tmp_path: Path
) -> None:
    honest.replace("model.onnx", bytes(64 * MEBIBYTE))

    with refused(tmp_path, UnsafeArchiveError, "the manifest says") as unpack:
        unpack(gzip.compress(honest.tar(), 1))


@pytest.mark.parametrize(
    "tail",
    [
        pytest.param(bytes(4 * MEBIBYTE), id="zeros"),
        pytest.param(b"#!/bin/sh\n", id="script"),
        pytest.param(bytes(512) + b"x", id="later"),
    ],
)
def test_what_follows_the_end_is_refused(honest: Honest, tmp_path: Path, tail: bytes) -> None:
    honest.tail = tail

    with refused(tmp_path, UnsafeArchiveError, "after the end") as unpack:
        unpack(gzip.compress(honest.tar()))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not gzip", id="text"),
        pytest.param(gzip.compress(b""), id="empty inside"),
        pytest.param(gzip.compress(b"no tar" * 200), id="no tar inside"),
        pytest.param(b"\x1f\x8b\x08" * 50, id="no gzip inside"),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    with refused(tmp_path, CorruptArtifactError, r"not a readable model\.tar\.gz") as unpack:
        unpack(content)


def test_an_archive_without_compression_is_refused(honest: Honest, tmp_path: Path) -> None:
    with refused(tmp_path, CorruptArtifactError, r"not a readable model\.tar\.gz") as unpack:
        unpack(honest.tar())


def test_a_wrong_checksum_of_the_compression_is_refused(honest: Honest, tmp_path: Path) -> None:
    content = bytearray(gzip.compress(honest.tar()))
    content[-8] ^= 1

    with refused(tmp_path, CorruptArtifactError, "CRC") as unpack:
        unpack(bytes(content))


def test_a_member_name_that_is_no_text_is_refused(honest: Honest, tmp_path: Path) -> None:
    honest.member("model.onnx").name = "model\udcff"
    tar = honest.tar()

    with refused(tmp_path, CorruptArtifactError, "header is broken") as unpack:
        unpack(gzip.compress(tar))


def test_an_archive_that_another_tool_wrote_in_order_is_read(
    honest: Honest, tmp_path: Path
) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", format=tarfile.GNU_FORMAT) as tar:
        for info, data in honest.members:
            info.mtime, info.uname = 1_700_000_000, "somebody"
            tar.addfile(info, io.BytesIO(data))
    (tmp_path / "other.tar.gz").write_bytes(content.getvalue())

    artifact = unpack_artifact(tmp_path / "other.tar.gz", tmp_path / "unpacked")

    assert artifact.manifest.name == "small"
