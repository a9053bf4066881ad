"""model.tar.gz: packed byte for byte the same from the same files, unpacked with suspicion."""

import gzip
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from libs.artifact.errors import ArtifactError, CorruptArtifactError, UnsafeArchiveError
from libs.artifact.files import FileEntry, refuse_surprises, verify_files
from libs.artifact.manifest import MANIFEST_FILE, Manifest, model_digest, read_manifest
from libs.artifact.tar_reader import TarReader, open_tar

MAX_MANIFEST_BYTES = 1 << 20
MAX_ARTIFACT_BYTES = 4 << 30


@dataclass(frozen=True)
class Artifact:
    """A verified artifact on disk."""

    directory: Path
    manifest: Manifest
    digest: str

    def path(self, name: str) -> Path:
        return self.directory / name


def pack_artifact(directory: Path, manifest: Manifest, archive: Path) -> str:
    """Write manifest and files of `directory` into `archive` and return the model digest.

    The manifest comes first, so that a reader knows every size before it reads a file. Nothing is
    left behind on failure. Raises CorruptArtifactError when a file differs from the manifest.
    """
    verify_files(directory, manifest.files)
    content = manifest.to_bytes()
    read_manifest(content)
    archive.parent.mkdir(parents=True, exist_ok=True)
    temporary = archive.with_name(f".{archive.name}.{os.getpid()}.tmp")
    try:
        _write_archive(directory, manifest, content, temporary)
        os.replace(temporary, archive)
    finally:
        temporary.unlink(missing_ok=True)
    return model_digest(content)


def _write_archive(directory: Path, manifest: Manifest, content: bytes, target: Path) -> None:
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        tar.addfile(_member(MANIFEST_FILE, len(content)), io.BytesIO(content))
        for name, entry in sorted(manifest.files.items()):
            with (directory / name).open("rb") as file:
                tar.addfile(_member(name, entry.size_bytes), file)


def unpack_artifact(archive: Path, directory: Path) -> Artifact:
    """Unpack and verify `archive` into the new folder `directory`.

    Raises UnsafeArchiveError, CorruptArtifactError or ManifestError, and then leaves no folder.
    """
    if directory.exists():
        raise ArtifactError(f"{directory} exists already: expected a new folder")
    directory.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        _extract(archive, staging)
        open_artifact(staging)
        staging.chmod(0o755)  # temporary folders are private, a served model need not be
        os.replace(staging, directory)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return open_artifact(directory)


def open_artifact(directory: Path) -> Artifact:
    """Verify an unpacked artifact, every digest of it; raises ArtifactError."""
    content = _read_manifest_file(directory / MANIFEST_FILE)
    manifest = read_manifest(content)
    refuse_surprises(directory, {*manifest.files, MANIFEST_FILE})
    verify_files(directory, manifest.files)
    return Artifact(directory, manifest, model_digest(content))


def _read_manifest_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise CorruptArtifactError(f"{path} cannot be read: {error.strerror}") from error
    _check_manifest_size(len(content))
    return content


def _extract(archive: Path, directory: Path) -> None:
    with open_tar(archive) as tar:
        manifest = _extract_manifest(tar, directory)
        seen: set[str] = set()
        while (member := tar.next_member()) is not None:
            if member.isdir():
                _check_folder(member, manifest)
                continue
            _check_member(member, manifest.files, seen)
            seen.add(member.name)
            _copy_member(tar, member, directory / member.name)


def _extract_manifest(tar: TarReader, directory: Path) -> Manifest:
    member = tar.next_member()
    if member is None or member.name != MANIFEST_FILE or member.isdir():
        raise UnsafeArchiveError(f"the archive does not begin with {MANIFEST_FILE}")
    _check_manifest_size(member.size)
    _copy_member(tar, member, directory / MANIFEST_FILE)
    manifest = read_manifest((directory / MANIFEST_FILE).read_bytes())
    total = sum(entry.size_bytes for entry in manifest.files.values())
    if total > MAX_ARTIFACT_BYTES:
        raise UnsafeArchiveError(f"the files add up to {total} bytes: expected at most 4 GiB")
    return manifest


def _check_manifest_size(size_bytes: int) -> None:
    if size_bytes > MAX_MANIFEST_BYTES:
        raise UnsafeArchiveError(
            f"{MANIFEST_FILE} has {size_bytes} bytes or more: expected at most {MAX_MANIFEST_BYTES}"
        )


def _check_folder(member: tarfile.TarInfo, manifest: Manifest) -> None:
    folders = {str(parent) for name in manifest.files for parent in Path(name).parents}
    if member.name not in folders - {"."}:
        raise UnsafeArchiveError(f"{member.name!r} is a folder that holds no file of the manifest")


def _check_member(
    member: tarfile.TarInfo, expected: Mapping[str, FileEntry], seen: set[str]
) -> None:
    if member.name not in expected or member.name in seen:
        raise UnsafeArchiveError(f"{member.name!r} is not named by the manifest, or comes twice")
    if member.size != expected[member.name].size_bytes:
        raise UnsafeArchiveError(
            f"{member.name!r} is {member.size} bytes: the manifest says "
            f"{expected[member.name].size_bytes}"
        )


def _copy_member(tar: TarReader, member: tarfile.TarInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        tar.copy_content(member, file)


def _member(name: str, size_bytes: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size_bytes
    member.mode = 0o644
    return member
