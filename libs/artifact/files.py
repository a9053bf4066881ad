"""Digests of files: the list that a manifest carries, and the check against it."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from libs.artifact.errors import CorruptArtifactError

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}\\Z")]

MAX_NAME_LENGTH = 100
_PLAIN_PART = re.compile(r"[A-Za-z0-9._-]+")


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


def is_plain_name(name: str) -> bool:
    """Return whether `name` is a relative path that means the same file on every system."""
    return len(name) <= MAX_NAME_LENGTH and all(
        _PLAIN_PART.fullmatch(part) and set(part) != {"."} for part in name.split("/")
    )


def refuse_surprises(directory: Path, expected: Collection[str]) -> None:
    """Raise CorruptArtifactError for a link, or a file that is not among `expected`."""
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink():
            raise CorruptArtifactError(f"{name} is a symbolic link: expected plain files")
        if not path.is_dir() and name not in expected:
            raise CorruptArtifactError(f"{name} is not named by the manifest")


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
