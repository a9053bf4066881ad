"""Strict JSON decoding with one error for whatever is wrong."""

from typing import TypeVar

import msgspec

from libs.events.errors import InvalidEventError

Document = TypeVar("Document")


def decode_json(content: bytes | str, document: type[Document], name: str) -> Document:
    """Decode `content` as a `document`; raises InvalidEventError beginning with `name`."""
    try:
        return msgspec.json.decode(content, type=document)
    except msgspec.ValidationError as error:
        raise InvalidEventError(f"{name}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidEventError(f"{name}: not valid UTF-8 JSON") from error
