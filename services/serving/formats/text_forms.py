"""The forms that are not one JSON document: JSON Lines, CSV rows, plain text."""

import csv
import io
from collections.abc import Mapping
from itertools import islice

from libs.events.invocations import ErrorBody
from services.serving.errors import MalformedRequestError, RequestError
from services.serving.formats.call import BadItem, Call, Narrative, read_item, read_narrative
from services.serving.formats.json_forms import check_item_count
from services.serving.formats.strict_json import decode_json, decode_text, refuse_too_many_values


def decode_json_lines(body: bytes, max_items: int) -> Call:
    """Decode one `{"id"?, "text"}` a line; only an empty last line is no item."""
    lines = decode_text(body).split("\n", max_items + 1)
    if not lines[-1].strip():
        lines.pop()
    check_item_count(len(lines), max_items, "lines")
    return Call("lines", [_read_line(line, number) for number, line in enumerate(lines, 1)])


def decode_csv(body: bytes, max_items: int, parameters: Mapping[str, str]) -> Call:
    """Decode one narrative a row; `header=present` (RFC 4180) skips the first row."""
    text = decode_text(body)
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    refuse_too_many_values(text, ",")
    headers = 1 if parameters.get("header") == "present" else 0
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = list(islice(reader, headers, headers + max_items + 1))
    except csv.Error as error:
        raise MalformedRequestError("invalid_csv", "the body is not CSV (RFC 4180)") from error
    check_item_count(len(rows), max_items, "rows")
    return Call("rows", [_read_row(row, number) for number, row in enumerate(rows, 1)])


def decode_plain_text(body: bytes) -> Call:
    """Take the whole body as one narrative."""
    return Call("plain", [read_narrative(decode_text(body), "the body")], is_batch=False)


def _read_line(line: str, number: int) -> Narrative | BadItem:
    path = f"line {number}"
    try:
        return read_item(decode_json(line), path)
    except RequestError as error:
        return BadItem(ErrorBody(error.code, f"{path}: {error.message}"))


def _read_row(row: list[str], number: int) -> Narrative | BadItem:
    path = f"row {number}"
    if len(row) > 1:
        message = f"{path}: expected one column, got {len(row)}: quote a narrative with commas"
        return BadItem(ErrorBody("too_many_columns", message))
    return read_narrative(row[0] if row else "", path)
