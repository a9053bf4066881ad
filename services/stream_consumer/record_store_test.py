import random
from collections import deque
from dataclasses import replace

import msgspec

from libs.events.prediction_log import PredictionRow, first_decisions, read_prediction_log
from libs.events.rejected import RejectedRecord, read_rejected_record
from services.stream_consumer.clock import Backoff, Deadline
from services.stream_consumer.errors import TransientError
from services.stream_consumer.record_store import LogEntry, RecordStore, RejectedEntry
from services.stream_consumer.testing.fakes import FakeClock, InlineCalls, MemoryStore
from services.stream_consumer.testing.records import ARRIVED_AT, stream_record

FAULT = TransientError("log: SlowDown")
ROW = PredictionRow(
    timestamp=ARRIVED_AT,
    text="They charged me twice",
    predicted_label="credit_card",
    confidence=0.9,
    reviewed="N/A",
    event_id="-",
    complaint_id="c",
    received_at=ARRIVED_AT,
    scores={"credit_card": 0.9},
    is_truncated=False,
    model_version="1",
    model_digest="a" * 64,
    latency_seconds=0.1,
)


def entry(number: int) -> LogEntry:
    record = stream_record(number)
    return LogEntry(record, msgspec.structs.replace(ROW, event_id=record.event_id))


def entries(*numbers: int) -> list[LogEntry]:
    return [entry(number) for number in numbers]


def record_store(store: MemoryStore) -> RecordStore:
    clock = FakeClock()
    return RecordStore(store, InlineCalls(clock), clock, Backoff(random.Random(1)))


def deadline(seconds: float = 10.0) -> Deadline:
    return Deadline(lambda: seconds)


def logged(store: MemoryStore) -> list[str]:
    rows = [
        row
        for key, content in sorted(store.objects.items())
        for row in read_prediction_log(content, key)
    ]
    return [row.event_id.rpartition(":")[2] for row in first_decisions(rows)]


def test_a_batch_is_one_object_named_by_its_first_row() -> None:
    store = MemoryStore()

    recorded = record_store(store).write_log(entries(11, 12), deadline())

    assert list(store.objects) == [
        "predictions/dt=2026-01-02/hour=03/complaints-shardId-000000000000-11.csv"
    ]
    assert len(recorded.event_ids) == 2


def test_no_rows_make_no_object() -> None:
    store = MemoryStore()

    record_store(store).write_log([], deadline())

    assert store.objects == {}


def test_a_repeated_batch_writes_nothing_and_counts_as_recorded() -> None:
    store = MemoryStore()
    record_store(store).write_log(entries(11, 12), deadline())
    before = dict(store.objects)

    recorded = record_store(store).write_log(entries(11, 12), deadline())

    assert store.objects == before
    assert (len(recorded.event_ids), len(recorded.repeated)) == (2, 2)


def test_a_batch_that_begins_alike_but_is_longer_adds_what_is_missing() -> None:
    store = MemoryStore()
    record_store(store).write_log(entries(11, 13), deadline())

    recorded = record_store(store).write_log(entries(11, 12, 13, 14), deadline())

    assert sorted(logged(store)) == ["11", "12", "13", "14"]
    assert len(recorded.event_ids) == 4
    assert len(store.objects) == 2


def test_missing_rows_step_over_every_object_in_their_way() -> None:
    store = MemoryStore()
    for begin in (11, 12, 13):
        record_store(store).write_log(entries(begin), deadline())

    recorded = record_store(store).write_log(entries(11, 12, 13, 14), deadline())

    assert sorted(logged(store)) == ["11", "12", "13", "14"]
    assert len(recorded.repeated) == 3


def test_a_put_that_fails_in_passing_is_repeated() -> None:
    store = MemoryStore(script=deque([FAULT, FAULT]))

    recorded = record_store(store).write_log(entries(11), deadline())

    assert (len(recorded.event_ids), recorded.faults) == (1, [])


def test_without_time_for_another_attempt_the_rows_are_not_recorded() -> None:
    store = MemoryStore(script=deque([FAULT] * 9))

    recorded = record_store(store).write_log(entries(11), deadline(seconds=0.0))

    assert (recorded.event_ids, recorded.faults) == (set(), ["log: SlowDown"])


def test_an_unreadable_object_under_our_name_is_reported_and_never_taken_for_ours() -> None:
    store = MemoryStore({entry(11).key: b"edited by hand"})

    recorded = record_store(store).write_log(entries(11, 12), deadline())

    assert recorded.event_ids == set()
    assert entry(11).key in recorded.faults[0]


def test_rejections_are_one_object_each_and_repeats_change_nothing() -> None:
    store = MemoryStore()
    rejected = RejectedRecord(
        event_id="s:11",
        reason="not JSON",
        arrived_at=ARRIVED_AT,
        rejected_at=ARRIVED_AT,
        partition_key="k",
        data=b"junk",
    )
    first = RejectedEntry(stream_record(11), rejected)
    second = replace(first, record=stream_record(12))

    record_store(store).write_rejected([first, second], deadline())
    again = record_store(store).write_rejected([first, second], deadline())

    assert [read_rejected_record(content) for content in store.objects.values()] == [rejected] * 2
    assert again.repeated == again.event_ids
