"""JSON as RFC 8259 has it: UTF-8, no NaN, no key twice, no depth or number that hurts."""

import json
from typing import Any, NoReturn

from services.serving.errors import MalformedRequestError, RequestTooLargeError

MAX_VALUES = 1_000_000
"""Brackets and commas in one body: 25 MB of them would become gigabytes of objects. Narratives
have a comma every 80 characters or so, and count too."""


def decode_text(body: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark; raises MalformedRequestError."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedRequestError(
            "invalid_utf8", f"the body is not valid UTF-8 at byte {error.start}"
        ) from error


def decode_json(text: str) -> Any:
    """Decode one JSON document; raises MalformedRequestError, which quotes nothing of it."""
    refuse_too_many_values(text, "[{,")
    try:
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise MalformedRequestError("invalid_json", f"the body is not JSON at {where}") from error
    except RecursionError as error:
        raise MalformedRequestError("invalid_json", "the JSON is nested too deep") from error
    except ValueError as error:  # an integer of thousands of digits
        raise MalformedRequestError("invalid_json", "the JSON has a number too long") from error


def refuse_too_many_values(text: str, separators: str) -> None:
    """Raise RequestTooLargeError before a body is taken apart into too many pieces."""
    if sum(text.count(separator) for separator in separators) > MAX_VALUES:
        raise RequestTooLargeError(
            "too_many_values", f"the body has more than {MAX_VALUES} values: send several"
        )


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise MalformedRequestError("duplicate_key", "an object of the JSON has a key twice")
    return document


def _refuse_constant(constant: str) -> NoReturn:
    raise MalformedRequestError("invalid_json", f"{constant} is not JSON")
