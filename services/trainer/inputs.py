"""Complaint files that lie elsewhere, fetched into a folder once and again when they change."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from services.trainer.errors import DataError
from services.trainer.files import write_errors_named

_ADDRESS = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.+)")


@dataclass(frozen=True)
class ObjectAddress:
    """Where an object lies."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class Objects(Protocol):
    """Reads objects; raises DataError for one that is not there, or UnreachableError."""

    def download(self, address: ObjectAddress, known_etag: str, file: IO[bytes]) -> str:
        """Write the object into `file` unless its entity tag is `known_etag`; return its tag."""
        ...


def fetch_input(address: ObjectAddress, folder: Path, objects: Objects) -> Path:
    """Return the object as a file in `folder`.

    What is there already is fetched again only if the object has changed since. Raises DataError,
    UnreachableError or OutputError.
    """
    path = folder / address.key.rpartition("/")[2]
    temporary, tag = (path.with_name(f".{path.name}.{kind}") for kind in ("part", "etag"))
    with write_errors_named(path):
        folder.mkdir(parents=True, exist_ok=True)
        known = tag.read_text() if tag.is_file() and path.is_file() else ""
        try:
            with temporary.open("wb") as file:
                etag = objects.download(address, known, file)
            if etag != known:
                # Without a tag until the file is whole: a cut between the two fetches it again.
                tag.unlink(missing_ok=True)
                os.replace(temporary, path)
                tag.write_text(etag)
        finally:
            temporary.unlink(missing_ok=True)
    return path


def is_address(name: str) -> bool:
    """Tell whether `name` is an address rather than a path."""
    return name.startswith("s3:")


def parse_address(name: str) -> ObjectAddress:
    """Return bucket and key of an `s3://` address; raises DataError."""
    found = _ADDRESS.fullmatch(name)
    if found is None or name.endswith("/"):
        raise DataError(f"{name} is no object: expected s3://bucket/key")
    return ObjectAddress(found["bucket"], found["key"])
