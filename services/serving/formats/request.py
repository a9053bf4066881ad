"""From content type and body to a call."""

import zlib

from libs.events.invocations import CSV, JSON, JSON_LINES
from services.serving.errors import (
    MalformedRequestError,
    RequestTooLargeError,
    UnsupportedFormatError,
)
from services.serving.formats.call import Call
from services.serving.formats.json_forms import decode_json_body
from services.serving.formats.media_type import MediaType
from services.serving.formats.text_forms import decode_csv, decode_json_lines, decode_plain_text

_GZIP = 16 + zlib.MAX_WBITS


def decode_call(media_type: MediaType, body: bytes, max_items: int) -> Call:
    """Decode a body; raises RequestError."""
    if media_type.name == JSON:
        return decode_json_body(body, max_items)
    if media_type.name == JSON_LINES:
        return decode_json_lines(body, max_items)
    if media_type.name == CSV:
        return decode_csv(body, max_items, media_type.parameters)
    return decode_plain_text(body)


def decompress(body: bytes, encoding: str | None, max_bytes: int) -> bytes:
    """Undo Content-Encoding, never making more than `max_bytes`; raises RequestError."""
    if encoding is None or encoding.lower() == "identity":
        return body
    if encoding.lower() != "gzip":
        raise UnsupportedFormatError("unsupported_encoding", "Content-Encoding: send gzip or none")
    decompressor = zlib.decompressobj(_GZIP)
    try:
        content = decompressor.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise MalformedRequestError("invalid_gzip", "the body is not gzip") from error
    if len(content) > max_bytes:
        raise RequestTooLargeError(
            "body_too_large", f"the body unpacks to more than {max_bytes} bytes"
        )
    if not decompressor.eof or decompressor.unused_data:
        raise MalformedRequestError("invalid_gzip", "the body is not one whole gzip member")
    return content
