"""Gzip payloads, decompressed under a bound so that a small record cannot fill the memory."""

import zlib

_MAGIC = b"\x1f\x8b"
# The longest narrative with every character an escaped surrogate pair (12 bytes), and the rest.
MAX_DECOMPRESSED_BYTES = 2 * 1024 * 1024


class CompressionError(Exception):
    """Not the gzip stream that the first bytes announce, or more than is allowed."""


def is_gzip(data: bytes) -> bool:
    """Tell gzip by its first bytes (RFC 1952, section 2.3.1); no JSON text begins so."""
    return data.startswith(_MAGIC)


def decompress(data: bytes) -> bytes:
    """Return the content of one gzip member; raises CompressionError."""
    decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        content = decompressor.decompress(data, MAX_DECOMPRESSED_BYTES + 1)
    except zlib.error as error:
        raise CompressionError("gzip payload: damaged") from error
    if len(content) > MAX_DECOMPRESSED_BYTES:
        raise CompressionError(f"gzip payload: over {MAX_DECOMPRESSED_BYTES} bytes")
    if not decompressor.eof:
        raise CompressionError("gzip payload: ends too early")
    if decompressor.unused_data:
        raise CompressionError("gzip payload: bytes after its end")
    return content
