"""The OpenAPI description of /invocations, with examples, and the page that shows it offline."""

import html
import json
from typing import Any

from libs.events.complaint import MAX_NARRATIVE_CHARACTERS
from libs.events.invocations import CSV, JSON, JSON_LINES, PLAIN_TEXT
from libs.labels.schema import LABEL_SCHEMA

_TEXT = {"type": "string", "minLength": 1, "maxLength": MAX_NARRATIVE_CHARACTERS}
_LABEL = {"type": "string", "enum": list(LABEL_SCHEMA.names)}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }


_ERROR = _object({"error": _object({"code": {"type": "string"}, "message": {"type": "string"}})})
_ITEM_ERROR = _object(_ERROR["properties"], {"id": {"type": ["string", "null"]}})
_MODEL = _object({name: {"type": "string"} for name in ("name", "version", "digest")})
_ANSWER = {
    "label": _LABEL,
    "confidence": _SHARE,
    "scores": _object(dict.fromkeys(LABEL_SCHEMA.names, _SHARE)),
    "needs_review": {"type": "boolean"},
    "is_truncated": {"type": "boolean"},
    "tokens": {"type": "integer", "minimum": 3},
}
_PREDICTION = _object(_ANSWER, {"id": {"type": ["string", "null"]}})
_RANKED = {"type": "array", "items": _object({"label": _LABEL, "score": _SHARE})}
_INSTANCE = _object({"text": _TEXT}, {"id": {"type": ["string", "null"], "maxLength": 128}})
_TOP_K = {"type": ["integer", "null"], "minimum": 1, "maximum": 1000}

_REQUEST_FORMS = [
    _object({"text": _TEXT}),
    _object(
        {"inputs": {"oneOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}},
        {
            "parameters": {
                **_object({}, {"top_k": _TOP_K}),
                "additionalProperties": False,
                "type": ["object", "null"],
            }
        },
    ),
    _object({"instances": {"type": "array", "items": _INSTANCE, "minItems": 1}}),
]
_ANSWER_FORMS = [
    _object({**_ANSWER, "model": _MODEL}),
    {"type": "array", "items": {"anyOf": [_RANKED, _ITEM_ERROR]}},
    _object(
        {
            "predictions": {"type": "array", "items": {"anyOf": [_PREDICTION, _ITEM_ERROR]}},
            "model": _MODEL,
        }
    ),
]
_REPORT = "The bureau still reports a loan that I paid off in 2019."
_CARD = "My card was charged twice and the bank refuses to refund me."
_EXAMPLES = {
    "text": {"text": _CARD},
    "inputs": {"inputs": [_CARD, _REPORT], "parameters": {"top_k": 2}},
    "instances": {"instances": [{"id": "c-1", "text": _CARD}, {"id": "c-2", "text": _REPORT}]},
}
_ERRORS = {
    "400": "The body is not what its content type says.",
    "413": "More bytes or items than one request may have.",
    "415": "A content type, encoding or accepted type that is not spoken here.",
    "422": "A field is wrong: its path and the bound.",
    "429": "The answer would come too late; see Retry-After.",
    "503": "Loading, broken or draining.",
}


def _text_body(example: str) -> dict[str, Any]:
    return {"schema": {"type": "string"}, "example": example}


INVOCATIONS_DOCS: dict[str, Any] = {
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": {"oneOf": _REQUEST_FORMS},
                    "examples": {name: {"value": value} for name, value in _EXAMPLES.items()},
                },
                JSON_LINES: _text_body(f'{{"text": "{_CARD}"}}\n{{"text": "{_REPORT}"}}\n'),
                CSV: _text_body(f'"{_CARD}"\r\n"{_REPORT}"\r\n'),
                PLAIN_TEXT: _text_body(_CARD),
            },
        },
    },
    "responses": {
        "200": {
            "description": "An answer for each narrative, in order.",
            "content": {
                JSON: {"schema": {"anyOf": _ANSWER_FORMS}},
                JSON_LINES: {"schema": {"type": "string"}},
                CSV: {"schema": {"type": "string"}},
                PLAIN_TEXT: {"schema": {"type": "string"}},
            },
        },
        **{
            code: {"description": text, "content": {JSON: {"schema": _ERROR}}}
            for code, text in _ERRORS.items()
        },
    },
}


def render_docs(document: dict[str, Any]) -> str:
    """Return the OpenAPI document as one page of HTML that loads nothing from elsewhere."""
    sections = [
        f"<h2>{method.upper()} {html.escape(path)}</h2>"
        f"<p>{html.escape(operation.get('description') or operation['summary'])}</p>"
        + _render_examples(operation)
        + _render_responses(operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    title = html.escape(document["info"]["title"])
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
        "<style>body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "pre{background:#f4f4f4;padding:.8rem;overflow:auto}</style>"
        f"<h1>{title}</h1><p>Machine-readable: <a href=/openapi.json>/openapi.json</a></p>"
        f"{''.join(sections)}</html>"
    )


def _render_examples(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    examples = [
        (media_type, example)
        for media_type, body in content.items()
        for example in [
            *(json.dumps(entry["value"], indent=2) for entry in body.get("examples", {}).values()),
            *([body["example"]] if "example" in body else []),
        ]
    ]
    return "".join(
        f"<h3>{html.escape(media_type)}</h3><pre>{html.escape(example)}</pre>"
        for media_type, example in examples
    )


def _render_responses(operation: dict[str, Any]) -> str:
    rows = (
        f"<li><b>{html.escape(code)}</b> {html.escape(response['description'])}</li>"
        for code, response in operation["responses"].items()
    )
    return f"<ul>{''.join(rows)}</ul>"
