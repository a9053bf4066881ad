"""Decides what an endpoint's answers mean: classified, refused, or to be asked again. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from libs.events.errors import InvalidEventError
from libs.events.invocations import (
    ItemError,
    ModelIdentity,
    Prediction,
    read_invocations_response,
)
from libs.labels.schema import LABEL_SCHEMA
from services.stream_consumer.batching import Call
from services.stream_consumer.errors import ConsumerError, RefusedError, TransientError
from services.stream_consumer.record import Complaint, Rejection

SUSPECT_ATTEMPTS = 2
"""How often a call that may itself be the cause is sent whole before it is sent in halves."""
# An item's error is about the item; these codes say that it is not.
_PASSING_CODES = frozenset({"queue_full", "deadline", "not_ready", "draining", "overloaded"})
_NOT_ANSWERED = TransientError("the answer does not cover every item", is_suspect=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, when it came, and how long the call took."""

    body: bytes
    answered_at: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Classified:
    """A complaint with its prediction and the model that made it."""

    complaint: Complaint
    prediction: Prediction
    model: ModelIdentity
    decided_at: datetime
    latency_seconds: float


@dataclass
class Verdict:
    """What one round of calls led to; `again` holds the calls to send next."""

    classified: list[Classified] = field(default_factory=list)
    refused: list[Rejection] = field(default_factory=list)
    again: list[Call] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """Why calls are to be repeated; empty when they only have to be taken apart."""
    splits: int = 0


def judge(calls: list[Call], answers: list[Answer | ConsumerError], splits_left: int) -> Verdict:
    """Judge each call by its answer; at most `splits_left` calls are halved on mere suspicion."""
    verdict = Verdict()
    for call, answer in zip(calls, answers, strict=True):
        if isinstance(answer, RefusedError):
            _judge_refused(call, answer, verdict)
        elif isinstance(answer, Answer):
            _judge_answer(call, answer, verdict, splits_left)
        elif isinstance(answer, TransientError):
            _judge_fault(call, answer, verdict, splits_left)
        else:
            raise answer
    return verdict


def _judge_refused(call: Call, error: RefusedError, verdict: Verdict) -> None:
    if len(call.complaints) == 1:
        verdict.refused.append(Rejection(call.complaints[0].record, f"endpoint: {error}"))
    else:
        verdict.again += call.halves()


def _judge_fault(call: Call, error: TransientError, verdict: Verdict, splits_left: int) -> None:
    verdict.faults.append(error.reason)
    attempts = call.attempts + 1
    is_splittable = len(call.complaints) > 1 and verdict.splits < splits_left
    if error.is_suspect and attempts >= SUSPECT_ATTEMPTS and is_splittable:
        verdict.splits += 1
        verdict.again += call.halves()
    else:
        verdict.again.append(Call(call.complaints, attempts))


def _judge_answer(call: Call, answer: Answer, verdict: Verdict, splits_left: int) -> None:
    try:
        response = read_invocations_response(answer.body)
    except InvalidEventError as error:
        return _judge_fault(call, TransientError(str(error), True), verdict, splits_left)
    unanswered = dict(enumerate(call.complaints))
    for item, place in _placed(response.predictions, len(call.complaints)):
        if isinstance(item, Prediction):
            verdict.classified.append(
                Classified(
                    unanswered.pop(place), item, response.model, answer.answered_at, answer.seconds
                )
            )
        elif item.error.code not in _PASSING_CODES:
            reason = f"endpoint: {item.error.code}: {item.error.message}"
            verdict.refused.append(Rejection(unanswered.pop(place).record, reason))
    if unanswered:
        rest = Call(tuple(unanswered.values()), call.attempts)
        _judge_fault(rest, _NOT_ANSWERED, verdict, splits_left)


def _placed(
    items: list[Prediction | ItemError], count: int
) -> Iterator[tuple[Prediction | ItemError, int]]:
    """Yield each usable item with its place in the call, each place once."""
    places = {str(place): place for place in range(count)}
    for item in items:
        is_usable = isinstance(item, ItemError) or item.label in LABEL_SCHEMA.names
        if is_usable and item.id in places:
            yield item, places.pop(item.id)
