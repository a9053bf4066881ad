"""A tar reader that understands plain files and folders, and nothing else.

The standard library's reader follows extension headers, sparse maps and links, and reads a whole
extension header into memory before anybody can look at it. An honest artifact needs none of that.
"""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from libs.artifact.errors import CorruptArtifactError, UnsafeArchiveError

BLOCK_BYTES = 512
CHUNK_BYTES = 1 << 20
# Writers fill the archive up with zeros to a multiple of 10,240 bytes.
MAX_TRAILING_BYTES = 1 << 16

_FILE_TYPES = (tarfile.REGTYPE, tarfile.AREGTYPE)
_KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


class ByteSource(Protocol):
    """Where the decompressed archive comes from."""

    def read(self, size: int, /) -> bytes: ...


class TarReader:
    """Reads a gzipped tar from front to back; what is left of a member is never skipped unread.

    Call `next_member`, then `copy_content` for a member with content, until None comes.
    Raises CorruptArtifactError and UnsafeArchiveError.
    """

    def __init__(self, stream: ByteSource, name: str) -> None:
        self._stream = stream
        self._name = name

    def next_member(self) -> tarfile.TarInfo | None:
        """Return the next file or folder, None at the end of the archive."""
        block = self._read(BLOCK_BYTES)
        if not block.strip(b"\0"):
            self._require_end()
            return None
        try:
            member = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeDecodeError) as error:
            raise self._corrupt(f"a member's header is broken ({error})") from error
        if member.type not in (*_FILE_TYPES, tarfile.DIRTYPE):
            kind = _KINDS.get(member.type, f"of type {member.type!r}")
            raise UnsafeArchiveError(f"{member.name!r} is {kind}: expected plain files")
        if member.size < 0 or (member.isdir() and member.size):
            raise UnsafeArchiveError(f"{member.name!r} has an impossible size of {member.size}")
        return member

    def copy_content(self, member: tarfile.TarInfo, target: IO[bytes]) -> None:
        """Write the content of the member that `next_member` just returned."""
        left = member.size
        while left:
            chunk = self._read(min(left, CHUNK_BYTES))
            target.write(chunk)
            left -= len(chunk)
        self._read(-member.size % BLOCK_BYTES)

    def _require_end(self) -> None:
        rest = self._read_up_to(MAX_TRAILING_BYTES + 1)
        if len(rest) > MAX_TRAILING_BYTES or rest.strip(b"\0"):
            raise UnsafeArchiveError(f"{self._name} goes on after the end of its last file")

    def _read(self, size: int) -> bytes:
        data = self._read_up_to(size)
        if len(data) != size:
            raise self._corrupt("it ends in the middle of a file")
        return data

    def _read_up_to(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise self._corrupt(str(error)) from error

    def _corrupt(self, reason: str) -> CorruptArtifactError:
        return CorruptArtifactError(f"{self._name} is not a readable model.tar.gz: {reason}")


@contextmanager
def open_tar(archive: Path) -> Iterator[TarReader]:
    """Open a .tar.gz; raises CorruptArtifactError when there is none."""
    try:
        file = archive.open("rb")
    except OSError as error:
        raise CorruptArtifactError(f"{archive} cannot be read: {error.strerror}") from error
    with file, gzip.GzipFile(fileobj=file, mode="rb") as stream:
        yield TarReader(stream, str(archive))
