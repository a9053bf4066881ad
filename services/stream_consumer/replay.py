"""Replays a row of the prediction log: does the recorded model still give the recorded answer?"""

from dataclasses import dataclass, field

from libs.events.errors import InvalidEventError
from libs.events.invocations import (
    Instance,
    InvocationsRequest,
    Prediction,
    read_invocations_response,
)
from libs.events.prediction_log import PredictionRow
from services.stream_consumer.classify import Endpoint
from services.stream_consumer.errors import ConsumerError
from services.stream_consumer.redact import KINDS


class ReplayError(ConsumerError):
    """A row that cannot be replayed here: another model, or no text to replay."""


@dataclass(frozen=True)
class Replayed:
    """The row and the answer of now; `differences` is empty when they are the same."""

    row: PredictionRow
    prediction: Prediction
    differences: list[str] = field(default_factory=list)


def replay(row: PredictionRow, narrative: str | None, endpoint: Endpoint) -> Replayed:
    """Ask the endpoint about one row; `narrative` is what the event said, None to trust the log.

    Raises ReplayError when the endpoint serves another model, or when the log's text is redacted.
    """
    if narrative is None and is_redacted(row.text):
        raise ReplayError(
            f"{row.event_id}: the logged text is redacted, and the model read the original: "
            "name the stream to fetch it from"
        )
    request = InvocationsRequest([Instance(row.text if narrative is None else narrative, "0")])
    try:
        response = read_invocations_response(endpoint.invoke(request.to_json(), row.trace_id))
    except InvalidEventError as error:
        raise ReplayError(f"{row.event_id}: the endpoint's answer: {error}") from error
    if response.model.digest != row.model_digest:
        raise ReplayError(
            f"{row.event_id} was decided by model {row.model_version} ({row.model_digest[:12]}), "
            f"the endpoint serves {response.model.version} ({response.model.digest[:12]})"
        )
    (prediction,) = response.predictions
    if not isinstance(prediction, Prediction):
        raise ReplayError(f"{row.event_id}: the endpoint refuses it: {prediction.error.code}")
    return Replayed(row, prediction, differences(row, prediction))


def differences(row: PredictionRow, prediction: Prediction) -> list[str]:
    """Name each field in which the answer of now is not exactly the recorded one."""
    pairs = {
        "predicted_label": (row.predicted_label, prediction.label),
        "confidence": (row.confidence, prediction.confidence),
        "scores": (row.scores, prediction.scores),
        "is_truncated": (row.is_truncated, prediction.is_truncated),
    }
    return [f"{name}: {old} then, {new} now" for name, (old, new) in pairs.items() if old != new]


def is_redacted(text: str) -> bool:
    """Tell whether the text bears a mark of redaction."""
    return any(f"[{kind.upper()}]" in text for kind in KINDS)
