"""Digests of files: the list that a manifest carries, and the check against it."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from libs.artifact.errors import CorruptArtifactError

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one file has to be."""

    sha256: Sha256
    size_bytes: Annotated[int, msgspec.Meta(ge=0)]


def describe_file(path: Path) -> FileEntry:
    """Return the digest and size of the file at `path`."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileEntry(sha256=digest, size_bytes=path.stat().st_size)


def describe_files(directory: Path, names: Iterable[str]) -> dict[str, FileEntry]:
    """Return the entries of the files `names` (relative, with forward slashes), sorted by name."""
    return {name: describe_file(directory / name) for name in sorted(names)}


def verify_files(directory: Path, entries: Mapping[str, FileEntry]) -> None:
    """Raise CorruptArtifactError for the first file that is missing or differs."""
    for name, expected in entries.items():
        path = directory / name
        if not path.is_file() or path.is_symlink():
            raise CorruptArtifactError(f"{name} is missing: the manifest names it")
        found = describe_file(path)
        if found != expected:
            raise CorruptArtifactError(
                f"{name} has sha256 {found.sha256[:12]} and {found.size_bytes} bytes: the manifest "
                f"says {expected.sha256[:12]} and {expected.size_bytes} bytes"
            )
