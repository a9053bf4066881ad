"""From a call's answers to a body in the media type that the client accepts."""

from collections.abc import Sequence

import msgspec

from libs.events.invocations import (
    CSV,
    JSON,
    JSON_LINES,
    PLAIN_TEXT,
    InvocationsResponse,
    ItemError,
    ModelIdentity,
    Prediction,
)
from services.serving.errors import InvalidFieldError
from services.serving.formats.call import Call

Answer = Prediction | ItemError

_DEFAULTS = {
    "text": JSON,
    "inputs": JSON,
    "instances": JSON,
    "lines": JSON_LINES,
    "rows": CSV,
    "plain": CSV,
}


class TextAnswer(msgspec.Struct, frozen=True):
    """The answer to `{"text": ...}`."""

    label: str
    confidence: float
    scores: dict[str, float]
    needs_review: bool
    is_truncated: bool
    tokens: int
    model: ModelIdentity


class RankedLabel(msgspec.Struct, frozen=True):
    """One label of the answer to `{"inputs": ...}`."""

    label: str
    score: float


def default_media_type(call: Call) -> str:
    """Return what `call` is answered in when the client does not care."""
    return _DEFAULTS[call.form]


def encode_answers(
    call: Call, answers: Sequence[Answer], model: ModelIdentity, media_type: str
) -> bytes:
    """Encode one answer per item of `call`; a lone bad item raises InvalidFieldError."""
    if not call.is_batch and isinstance(answers[0], ItemError):
        raise InvalidFieldError(answers[0].error.code, answers[0].error.message)
    if media_type in (CSV, PLAIN_TEXT):
        return "".join(_row(answer) for answer in answers).encode()
    if media_type == JSON_LINES:
        return b"".join(msgspec.json.encode(answer) + b"\n" for answer in answers)
    if call.form == "inputs":
        return msgspec.json.encode([_rank(answer, call.top_k) for answer in answers])
    if not call.is_batch and isinstance(answers[0], Prediction):
        return msgspec.json.encode(_text_answer(answers[0], model))
    return InvocationsResponse(list(answers), model).to_json()


def _row(answer: Answer) -> str:
    """A bad item keeps its row: both columns empty, then the error code."""
    if isinstance(answer, ItemError):
        return f",,{answer.error.code}\r\n"
    return f"{answer.label},{answer.confidence!r}\r\n"


def _rank(answer: Answer, top_k: int | None) -> list[RankedLabel] | ItemError:
    if isinstance(answer, ItemError):
        return answer
    ranked = sorted(answer.scores.items(), key=lambda entry: -entry[1])
    return [RankedLabel(label, score) for label, score in ranked[:top_k]]


def _text_answer(answer: Prediction, model: ModelIdentity) -> TextAnswer:
    return TextAnswer(
        label=answer.label,
        confidence=answer.confidence,
        scores=answer.scores,
        needs_review=answer.needs_review,
        is_truncated=answer.is_truncated,
        tokens=answer.tokens,
        model=model,
    )
