"""How many endpoint calls a batch takes, with the settings of production."""

from collections.abc import Sequence
from datetime import UTC, datetime

from libs.events.complaint import ComplaintEvent
from services.stream_consumer.handler import build_consumer
from services.stream_consumer.record import StreamRecord
from services.stream_consumer.settings import Settings
from services.stream_consumer.testing.fakes import FakeEndpoint, MemoryStore


def endpoint_calls(narratives: Sequence[str]) -> int:
    """Consume one batch of narratives with an endpoint that only counts."""
    endpoint, now = FakeEndpoint(), datetime.now(UTC)
    consumer = build_consumer(Settings("endpoint", "bucket"), endpoint, MemoryStore())
    records = [
        StreamRecord(
            "complaints",
            "shardId-000000000000",
            str(number),
            f"c-{number}",
            now,
            ComplaintEvent(f"c-{number}", narrative, now).to_json(),
        )
        for number, narrative in enumerate(narratives)
    ]
    consumer.consume(records, "", lambda: 60.0)
    return len(endpoint.sizes)
