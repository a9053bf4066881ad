"""The three JSON forms of a request: `inputs`, `text` and `instances`."""

from collections.abc import Callable
from typing import Any

from services.serving.errors import InvalidFieldError, RequestTooLargeError
from services.serving.formats.call import Call, read_item, read_narrative
from services.serving.formats.strict_json import decode_json, decode_text

_FORMS = ("inputs", "text", "instances")
MAX_TOP_K = 1000


def decode_json_body(body: bytes, max_items: int) -> Call:
    """Decode an application/json body; raises RequestError."""
    document = decode_json(decode_text(body))
    if not isinstance(document, dict):
        raise InvalidFieldError("invalid_type", "the body: expected an object")
    present = [form for form in _FORMS if form in document]
    if len(present) != 1:
        raise InvalidFieldError(
            "missing_field", "the body: expected exactly one of inputs, text, instances"
        )
    return _DECODERS[present[0]](document, max_items)


def check_item_count(count: int, max_items: int, path: str) -> None:
    """Raise unless there are 1 to `max_items` items."""
    if count > max_items:
        raise RequestTooLargeError(
            "too_many_items", f"{path}: expected at most {max_items} items, got more"
        )
    if not count:
        raise InvalidFieldError("empty_batch", f"{path}: expected 1 to {max_items} items, got 0")


def _decode_text_form(document: dict[str, Any], max_items: int) -> Call:
    del max_items
    item = read_narrative(document["text"], "text")
    return Call("text", [item], is_batch=False)


def _decode_inputs_form(document: dict[str, Any], max_items: int) -> Call:
    inputs = document["inputs"]
    top_k = _read_top_k(document.get("parameters"))
    if not isinstance(inputs, list):
        return Call("inputs", [read_narrative(inputs, "inputs")], top_k, is_batch=False)
    check_item_count(len(inputs), max_items, "inputs")
    items = [read_narrative(text, f"inputs[{index}]") for index, text in enumerate(inputs)]
    return Call("inputs", items, top_k)


def _decode_instances_form(document: dict[str, Any], max_items: int) -> Call:
    instances = document["instances"]
    if not isinstance(instances, list):
        raise InvalidFieldError("invalid_type", "instances: expected an array")
    check_item_count(len(instances), max_items, "instances")
    return Call(
        "instances",
        [read_item(item, f"instances[{index}]") for index, item in enumerate(instances)],
    )


def _read_top_k(parameters: object) -> int | None:
    if parameters is None:
        return None
    if not isinstance(parameters, dict):
        raise InvalidFieldError("invalid_type", "parameters: expected an object")
    if set(parameters) - {"top_k"}:
        raise InvalidFieldError("unknown_parameter", "parameters: expected nothing but top_k")
    top_k = parameters.get("top_k")
    if top_k is None:
        return None
    if not isinstance(top_k, int) or isinstance(top_k, bool) or not 1 <= top_k <= MAX_TOP_K:
        raise InvalidFieldError(
            "invalid_top_k", f"parameters.top_k: expected an integer from 1 to {MAX_TOP_K}"
        )
    return top_k


_DECODERS: dict[str, Callable[[dict[str, Any], int], Call]] = {
    "text": _decode_text_form,
    "inputs": _decode_inputs_form,
    "instances": _decode_instances_form,
}
