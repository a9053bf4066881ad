"""What a batch costs in endpoint calls, and what a poison record does to its neighbours.

The consumer with the settings of production; the endpoint only counts, or refuses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from libs.events.complaint import ComplaintEvent
from libs.events.prediction_log import read_prediction_log
from services.stream_consumer.handler import build_consumer
from services.stream_consumer.record import StreamRecord
from services.stream_consumer.settings import Settings
from services.stream_consumer.testing.fakes import FakeEndpoint, MemoryStore

POISONS: Mapping[str, str | bytes] = {
    "no JSON": b"\xff\x00 no JSON",
    "an endpoint that refuses the item": "poison",
    "an endpoint that refuses the whole call": "indigestible",
    "an endpoint that fails on it every time": "deadly",
}


@dataclass(frozen=True)
class Poisoned:
    """What became of a poison record and of the records behind it, in one batch."""

    kind: str
    is_isolated: bool
    """It alone was rejected, or where the endpoint fails on it, it alone handed back."""
    logged: int
    expected: int

    @property
    def is_harmless(self) -> bool:
        return self.is_isolated and self.logged == self.expected


def endpoint_calls(narratives: Sequence[str]) -> int:
    """Consume one batch of narratives and return how many endpoint calls it took."""
    endpoint = FakeEndpoint()
    consumer = build_consumer(Settings("endpoint", "bucket"), endpoint, MemoryStore())
    records = [_record(number, narrative) for number, narrative in enumerate(narratives)]
    consumer.consume(records, "", lambda: 60.0)
    return len(endpoint.sizes)


def poison_batch(kind: str, narratives: Sequence[str]) -> Poisoned:
    """Put a poison record into the middle of a batch and consume it once."""
    store = MemoryStore()
    consumer = build_consumer(Settings("endpoint", "bucket"), FakeEndpoint(), store)
    middle = len(narratives) // 2
    records = [_record(number, narrative) for number, narrative in enumerate(narratives)]
    records[middle] = _record(middle, POISONS[kind])
    outcome = consumer.consume(records, "", lambda: 60.0)
    rejected = [rejection.record.sequence_number for rejection in outcome.rejections]
    logged = [
        row
        for key, content in store.objects.items()
        if key.startswith("predictions/")
        for row in read_prediction_log(content, key)
    ]
    is_isolated = [*rejected, *outcome.failures] == [str(middle)]
    return Poisoned(kind, is_isolated, len(logged), len(narratives) - 1)


def _record(number: int, content: str | bytes) -> StreamRecord:
    now, name = datetime.now(UTC), f"c-{number}"
    data = content if isinstance(content, bytes) else ComplaintEvent(name, content, now).to_json()
    shard = "shardId-000000000000"
    return StreamRecord("complaints", shard, str(number), name, now, data)
