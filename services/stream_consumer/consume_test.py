import random
from collections import deque

from libs.events.complaint import ComplaintEvent
from libs.events.prediction_log import PredictionRow, read_prediction_log
from libs.events.rejected import read_rejected_record
from services.stream_consumer.batching import CallLimits
from services.stream_consumer.classify import Classifier
from services.stream_consumer.clock import Backoff
from services.stream_consumer.consume import Consumer, decode_within
from services.stream_consumer.errors import TransientError
from services.stream_consumer.outcome import Outcome
from services.stream_consumer.record import StreamRecord
from services.stream_consumer.record_store import RecordStore
from services.stream_consumer.redact import Redactor
from services.stream_consumer.testing.fakes import (
    FakeClock,
    FakeEndpoint,
    InlineCalls,
    MemoryStore,
)
from services.stream_consumer.testing.records import (
    ARRIVED_AT,
    aggregated,
    complaint_event,
    stream_record,
)


class World:
    """A consumer with its endpoint and its bucket."""

    def __init__(self, redactor: Redactor | None = None, invocation_seconds: float = 60.0) -> None:
        self.endpoint, self.store, self.clock = FakeEndpoint(), MemoryStore(), FakeClock()
        self.invocation_seconds = invocation_seconds
        calls, backoff = InlineCalls(self.clock), Backoff(random.Random(1))
        self.consumer = Consumer(
            Classifier(self.endpoint, calls, CallLimits(50, 2**22), self.clock, backoff),
            RecordStore(self.store, calls, self.clock, backoff),
            redactor or Redactor(),
            self.clock,
            reserve_seconds=10,
        )

    def consume(self, *records: StreamRecord) -> Outcome:
        end = self.clock.elapsed + self.invocation_seconds
        return self.consumer.consume(records, "1-trace", lambda: end - self.clock.elapsed)

    def rows(self) -> list[PredictionRow]:
        return [
            row
            for key, content in self.store.objects.items()
            if key.startswith("predictions/")
            for row in read_prediction_log(content, key)
        ]

    def rejected(self) -> list[str]:
        return [
            read_rejected_record(content).event_id.rpartition(":")[2]
            for key, content in self.store.objects.items()
            if key.startswith("rejected/")
        ]


def test_a_row_holds_the_event_the_answer_and_the_model() -> None:
    world = World()

    world.consume(stream_record(1))

    (row,) = world.rows()
    assert (row.event_id, row.complaint_id) == ("shardId-000000000000:1", "c-1")
    assert (row.predicted_label, row.confidence, row.reviewed) == ("credit_card", 0.9, "N/A")
    assert (row.model_version, row.model_digest) == ("1.0.0", "a" * 64)
    assert (row.received_at, row.trace_id) == (ARRIVED_AT, "t-1")


def test_an_unsure_answer_waits_for_review() -> None:
    world = World()

    world.consume(stream_record(1, "unsure of all this"))

    assert world.rows()[0].reviewed == "No"


def test_an_event_without_a_trace_takes_that_of_the_invocation() -> None:
    world, event = World(), ComplaintEvent("c-1", "They charged me", ARRIVED_AT)

    world.consume(stream_record(1, data=event.to_json()))

    assert world.rows()[0].trace_id == "1-trace"


def test_bad_records_are_kept_whole_and_hold_nothing_up() -> None:
    world = World()

    outcome = world.consume(
        stream_record(1), stream_record(2, data=b"junk"), stream_record(3, "poison")
    )

    assert outcome.response() == {"batchItemFailures": []}
    assert [row.complaint_id for row in world.rows()] == ["c-1"]
    assert world.rejected() == ["2", "3"]
    assert (outcome.logged, outcome.rejected, outcome.handed_back) == (1, 2, 0)


def test_a_record_without_an_answer_is_handed_back_and_the_others_are_logged() -> None:
    world = World()

    outcome = world.consume(stream_record(1), stream_record(2, "deadly"), stream_record(3))

    assert outcome.response() == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert [row.complaint_id for row in world.rows()] == ["c-1", "c-3"]


def test_an_aggregated_record_is_handed_back_whole_when_one_part_is_missing() -> None:
    world = World()
    parts = [
        (f"c-{n}", complaint_event(n, text).to_json()) for n, text in ((1, "fine"), (2, "deadly"))
    ]

    outcome = world.consume(stream_record(7, data=aggregated(parts)), stream_record(8))

    assert outcome.failures == ["7"]


def test_when_the_log_cannot_be_written_everything_is_handed_back_before_time_is_over() -> None:
    world = World()
    world.store.script = deque([TransientError("log: SlowDown")] * 999)

    outcome = world.consume(stream_record(1), stream_record(2))

    assert outcome.failures == ["1", "2"]
    assert world.clock.elapsed < world.invocation_seconds


def test_an_invocation_too_short_for_anything_hands_everything_back() -> None:
    world = World(invocation_seconds=5.0)

    outcome = world.consume(stream_record(1))

    assert outcome.failures == ["1"]
    assert world.endpoint.sizes == []


def test_the_text_is_redacted_in_the_log_but_not_for_the_model() -> None:
    world = World(Redactor(frozenset({"email"})))

    world.consume(stream_record(1, "unsure: write to ann@example.com"))

    assert world.rows()[0].text == "unsure: write to [EMAIL]"


def test_delivering_a_batch_again_in_another_cut_logs_each_record_once_more_at_most() -> None:
    world = World()
    records = [stream_record(number) for number in range(5)]

    world.consume(*records[:3])
    outcome = world.consume(*records)

    assert sorted(row.complaint_id for row in world.rows()) == [f"c-{n}" for n in range(5)]
    assert (outcome.logged, outcome.repeated) == (2, 3)
    assert len(outcome.end_to_end_seconds) == 2


def test_decoding_stops_where_memory_would_run_short_and_always_begins() -> None:
    records = [stream_record(n, "x" * 60) for n in range(3)]

    assert len(decode_within(records, 100)) == 2
    assert len(decode_within(records, 1)) == 1
