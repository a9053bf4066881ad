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
from typing import IO

from libs.artifact.errors import ArtifactError, CorruptArtifactError, UnsafeArchiveError
from libs.artifact.files import FileEntry, verify_files
from libs.artifact.manifest import MANIFEST_FILE, Manifest, model_digest, read_manifest

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
        with temporary.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as compressed:
            with tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
                tar.addfile(_member(MANIFEST_FILE, len(content)), io.BytesIO(content))
                for name, entry in sorted(manifest.files.items()):
                    with (directory / name).open("rb") as file:
                        tar.addfile(_member(name, entry.size_bytes), file)
        os.replace(temporary, archive)
    finally:
        temporary.unlink(missing_ok=True)
    return model_digest(content)


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
        os.replace(staging, directory)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return open_artifact(directory)


def open_artifact(directory: Path) -> Artifact:
    """Verify an unpacked artifact, every digest of it; raises ArtifactError."""
    try:
        content = (directory / MANIFEST_FILE).read_bytes()
    except OSError as error:
        raise CorruptArtifactError(
            f"{directory / MANIFEST_FILE} cannot be read: {error.strerror}"
        ) from error
    manifest = read_manifest(content)
    verify_files(directory, manifest.files)
    _refuse_surprises(directory, manifest.files)
    return Artifact(directory, manifest, model_digest(content))


def _refuse_surprises(directory: Path, expected: Mapping[str, FileEntry]) -> None:
    for path in directory.rglob("*"):
        name = path.relative_to(directory).as_posix()
        if not path.is_dir() and name not in expected and name != MANIFEST_FILE:
            raise CorruptArtifactError(f"{name} is not named by the manifest")


def _extract(archive: Path, directory: Path) -> None:
    try:
        with tarfile.open(archive, "r|gz") as tar:
            manifest = _extract_manifest(tar, directory)
            seen: set[str] = set()
            while (member := tar.next()) is not None:
                if member.isdir() and member.name.strip("/") in _folders(manifest):
                    continue
                _check_member(member, manifest.files, seen)
                seen.add(member.name)
                _copy_member(tar, member, directory / member.name)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise CorruptArtifactError(f"{archive} is not a readable model.tar.gz: {error}") from error


def _extract_manifest(tar: tarfile.TarFile, directory: Path) -> Manifest:
    member = tar.next()
    if member is None or member.name != MANIFEST_FILE or not member.isreg():
        raise UnsafeArchiveError(f"the archive does not begin with {MANIFEST_FILE}")
    if member.size > MAX_MANIFEST_BYTES:
        raise UnsafeArchiveError(f"{MANIFEST_FILE} is {member.size} bytes: expected at most 1 MiB")
    _copy_member(tar, member, directory / MANIFEST_FILE)
    manifest = read_manifest((directory / MANIFEST_FILE).read_bytes())
    total = sum(entry.size_bytes for entry in manifest.files.values())
    if total > MAX_ARTIFACT_BYTES:
        raise UnsafeArchiveError(f"the files add up to {total} bytes: expected at most 4 GiB")
    return manifest


def _folders(manifest: Manifest) -> set[str]:
    return {str(parent) for name in manifest.files for parent in Path(name).parents} - {"."}


def _check_member(
    member: tarfile.TarInfo, expected: Mapping[str, FileEntry], seen: set[str]
) -> None:
    if not member.isreg():
        raise UnsafeArchiveError(f"{member.name!r} is not a plain file")
    if member.name not in expected or member.name in seen:
        raise UnsafeArchiveError(f"{member.name!r} is not named by the manifest, or comes twice")
    if member.size != expected[member.name].size_bytes:
        raise UnsafeArchiveError(
            f"{member.name!r} is {member.size} bytes: the manifest says "
            f"{expected[member.name].size_bytes}"
        )


def _copy_member(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source: IO[bytes] | None = tar.extractfile(member)
    if source is None:
        raise UnsafeArchiveError(f"{member.name!r} has no content")
    target.parent.mkdir(parents=True, exist_ok=True)
    with source, target.open("xb") as file:
        shutil.copyfileobj(source, file)


def _member(name: str, size_bytes: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size_bytes
    member.mode = 0o644
    return member
