"""Stand-ins for the clock, the threads, the endpoint and the bucket; each does what it is told."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from libs.events.invocations import (
    ErrorBody,
    InvocationsResponse,
    ItemError,
    ModelIdentity,
    Prediction,
    read_invocations_request,
)
from services.stream_consumer.errors import ConsumerError, RefusedError, TransientError

Result = TypeVar("Result")
MODEL = ModelIdentity("complaints", "1.0.0", "a" * 64)
REVIEW_THRESHOLD = 0.6


class FakeClock:
    """Time that passes only when told to."""

    def __init__(self, start: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self._start = start
        self.elapsed = 0.0

    def now(self) -> datetime:
        """Return the pretended date."""
        return self._start + timedelta(seconds=self.elapsed)

    def seconds(self) -> float:
        """Return the pretended stopwatch."""
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        """Jump ahead."""
        self.elapsed += seconds


@dataclass
class InlineCalls:
    """Runs calls one after the other; what ends after the time-out counts as not answered."""

    clock: FakeClock

    def run(
        self, calls: Sequence[Callable[[], Result]], timeout_seconds: float
    ) -> list[Result | ConsumerError]:
        """Run all calls as if at once: each starts when the first one did."""
        began_at = ended_at = self.clock.elapsed
        results: list[Result | ConsumerError] = []
        for call in calls:
            self.clock.elapsed = began_at
            result = _caught(call)
            is_late = self.clock.elapsed - began_at > timeout_seconds
            results.append(TransientError("too late") if is_late else result)
            ended_at = max(ended_at, min(self.clock.elapsed, began_at + max(timeout_seconds, 0)))
        self.clock.elapsed = ended_at
        return results


@dataclass
class FakeEndpoint:
    """Classifies by the narrative's words; `script` holds errors and bodies to begin with.

    "poison" gets an item error; "indigestible" makes it refuse the whole call, "deadly" fail on it.
    """

    script: deque[Exception | bytes] = field(default_factory=deque)
    sizes: list[int] = field(default_factory=list)

    def invoke(self, body: bytes, trace_id: str) -> bytes:
        """Answer a batch request."""
        instances = read_invocations_request(body).instances
        self.sizes.append(len(instances))
        if self.script:
            planned = self.script.popleft()
            if isinstance(planned, Exception):
                raise planned
            return planned
        if any("indigestible" in instance.text for instance in instances):
            raise RefusedError("422 invalid_field")
        if any("deadly" in instance.text for instance in instances):
            raise TransientError("endpoint: 500", is_suspect=True)
        predictions = [answer(instance.text, instance.id) for instance in instances]
        return InvocationsResponse(predictions, MODEL).to_json()


@dataclass
class MemoryStore:
    """A bucket; `script` holds errors to raise first, None to let a call pass."""

    objects: dict[str, bytes] = field(default_factory=dict)
    script: deque[Exception | None] = field(default_factory=deque)

    def put_new(self, key: str, content: bytes) -> bool:
        """Write unless the name is taken."""
        self._play()
        return self.objects.setdefault(key, content) is content

    def get(self, key: str) -> bytes | None:
        """Return the object."""
        self._play()
        return self.objects.get(key)

    def _play(self) -> None:
        planned = self.script.popleft() if self.script else None
        if planned is not None:
            raise planned


def answer(text: str, item_id: str | None) -> Prediction | ItemError:
    """Return what the pretended model says."""
    if "poison" in text:
        return ItemError(ErrorBody("invalid_narrative", "nothing to read"), item_id)
    confidence = 0.5 if "unsure" in text else 0.9
    return Prediction(
        label="credit_card",
        confidence=confidence,
        scores={"credit_card": confidence, "retail_banking": 1 - confidence},
        needs_review=confidence < REVIEW_THRESHOLD,
        is_truncated=False,
        tokens=len(text.split()),
        id=item_id,
    )


def _caught(call: Callable[[], Result]) -> Result | ConsumerError:
    try:
        return call()
    except ConsumerError as error:
        return error
