"""What every request format becomes: narratives in order, and which form the answer takes."""

from dataclasses import dataclass
from typing import Literal

from libs.events.complaint import MAX_NARRATIVE_CHARACTERS
from libs.events.invocations import ErrorBody

Form = Literal["text", "inputs", "instances", "lines", "rows", "plain"]

MAX_ID_CHARACTERS = 128


@dataclass(frozen=True, slots=True)
class Narrative:
    """A narrative that has the right type and length."""

    text: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class BadItem:
    """An item of a batch that is answered with its own error."""

    error: ErrorBody
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One decoded request."""

    form: Form
    items: list[Narrative | BadItem]
    top_k: int | None = None
    is_batch: bool = True
    """In a batch a bad item is answered in its place; alone it is the whole answer."""


def read_narrative(text: object, path: str, item_id: str | None = None) -> Narrative | BadItem:
    """Check type and length; `path` names the field in the error."""
    if not isinstance(text, str):
        return BadItem(ErrorBody("invalid_type", f"{path}: expected a string"), item_id)
    if not 0 < len(text) <= MAX_NARRATIVE_CHARACTERS:
        bound = f"expected 1 to {MAX_NARRATIVE_CHARACTERS} characters, got {len(text)}"
        return BadItem(ErrorBody("invalid_length", f"{path}: {bound}"), item_id)
    return Narrative(text, item_id)


def read_item(item: object, path: str) -> Narrative | BadItem:
    """Read a `{"id"?, "text"}` object."""
    if not isinstance(item, dict):
        return BadItem(ErrorBody("invalid_type", f"{path}: expected an object"))
    item_id = item.get("id")
    if item_id is not None and not _is_id(item_id):
        bound = f"expected a string of at most {MAX_ID_CHARACTERS} valid characters"
        return BadItem(ErrorBody("invalid_id", f"{path}.id: {bound}"))
    if "text" not in item:
        return BadItem(ErrorBody("missing_field", f"{path}.text: expected a string"), item_id)
    return read_narrative(item["text"], f"{path}.text", item_id)


def _is_id(value: object) -> bool:
    if not isinstance(value, str) or len(value) > MAX_ID_CHARACTERS:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)
