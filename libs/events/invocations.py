"""The documents of /invocations (contract 4): the batch form, its answer and an error."""

from typing import Annotated

import msgspec

from libs.events.complaint import Narrative
from libs.events.decoding import decode_json

JSON = "application/json"
JSON_LINES = "application/jsonlines"
CSV = "text/csv"
PLAIN_TEXT = "text/plain"

MAX_BODY_BYTES = 25 * 1024 * 1024


class Instance(msgspec.Struct, frozen=True, omit_defaults=True):
    """One narrative of a batch; `id` comes back with its prediction."""

    text: Narrative
    id: str | None = None


class InvocationsRequest(msgspec.Struct, frozen=True):
    """`{"instances": [...]}`."""

    instances: list[Instance]

    def to_json(self) -> bytes:
        return msgspec.json.encode(self)


class ErrorBody(msgspec.Struct, frozen=True):
    """What went wrong: a stable code for programs, a sentence for people, never the narrative."""

    code: str
    message: str


class Prediction(msgspec.Struct, frozen=True):
    """The answer for one narrative. `scores` has every label's probability."""

    label: str
    confidence: float
    scores: dict[str, float]
    needs_review: bool
    is_truncated: bool
    tokens: int
    """Tokens before truncation, special tokens included."""
    id: str | None = None


class ItemError(msgspec.Struct, frozen=True):
    """The answer for an item of a batch that could not be classified."""

    error: ErrorBody
    id: str | None = None


class ModelIdentity(msgspec.Struct, frozen=True):
    """Which artifact answered."""

    name: str
    version: str
    digest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class InvocationsResponse(msgspec.Struct, frozen=True):
    """`{"predictions": [...], "model": {...}}`, in the order of the request."""

    predictions: list[Prediction | ItemError]
    model: ModelIdentity

    def to_json(self) -> bytes:
        return msgspec.json.encode(self)


class ErrorResponse(msgspec.Struct, frozen=True):
    """`{"error": {...}}`, with a status code of 400 or more."""

    error: ErrorBody

    def to_json(self) -> bytes:
        return msgspec.json.encode(self)


class _RawResponse(msgspec.Struct, frozen=True):
    predictions: list[msgspec.Raw]
    model: ModelIdentity


class _Probe(msgspec.Struct, frozen=True):
    error: ErrorBody | None = None


def read_invocations_request(content: bytes) -> InvocationsRequest:
    """Decode a batch request; raises InvalidEventError naming the field."""
    return decode_json(content, InvocationsRequest, "invocations request")


def read_invocations_response(content: bytes) -> InvocationsResponse:
    """Decode an endpoint's answer to a batch; raises InvalidEventError naming the field."""
    response = decode_json(content, _RawResponse, "invocations response")
    return InvocationsResponse(
        [_read_item(bytes(raw)) for raw in response.predictions], response.model
    )


def _read_item(content: bytes) -> Prediction | ItemError:
    if decode_json(content, _Probe, "invocations response item").error is None:
        return decode_json(content, Prediction, "invocations response item")
    return decode_json(content, ItemError, "invocations response item")
