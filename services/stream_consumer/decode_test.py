from services.stream_consumer.decode import decode
from services.stream_consumer.record import Complaint, Rejection
from services.stream_consumer.testing.records import (
    SHARD,
    aggregated,
    complaint_event,
    compressed,
    stream_record,
)


def test_a_plain_record_is_one_complaint() -> None:
    record = stream_record(1)

    assert decode(record) == [Complaint(record, complaint_event(1))]


def test_a_compressed_record_is_one_complaint() -> None:
    record = stream_record(1, data=compressed(complaint_event(1).to_json()))

    assert decode(record) == [Complaint(record, complaint_event(1))]


def test_each_part_of_an_aggregated_record_has_its_own_event_id_and_fate() -> None:
    events = [complaint_event(number).to_json() for number in (1, 2)]
    data = aggregated([("c-1", events[0]), ("x", b"junk"), ("c-2", compressed(events[1]))])

    first, second, third = decode(stream_record(49, data=data))

    assert [type(item) for item in (first, second, third)] == [Complaint, Rejection, Complaint]
    assert second.record.event_id == f"{SHARD}:49.1"
    assert second.record.data == b"junk"
    assert third.record.partition_key == "c-2"


def test_a_damaged_aggregated_record_is_rejected_whole() -> None:
    data = aggregated([("c-1", b"{}")])[:-1] + b"?"

    (rejection,) = decode(stream_record(49, data=data))

    assert isinstance(rejection, Rejection)
    assert rejection.record.event_id == f"{SHARD}:49"
    assert rejection.record.data == data


def test_a_rejection_never_quotes_the_narrative() -> None:
    content = b'{"complaint_id":"c","narrative":"my secret","received_at":7}'

    (rejection,) = decode(stream_record(1, data=content))

    assert isinstance(rejection, Rejection)
    assert "received_at" in rejection.reason
    assert "secret" not in rejection.reason
