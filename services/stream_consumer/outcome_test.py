from services.stream_consumer.decode import decode
from services.stream_consumer.outcome import Batch, unrecorded
from services.stream_consumer.testing.records import aggregated, complaint_event, stream_record


def test_records_that_were_not_even_decoded_are_handed_back() -> None:
    records = [stream_record(number) for number in (1, 2, 3)]
    batch = Batch(records, [decode(records[0])])

    assert unrecorded(batch, {records[0].event_id}) == ["2", "3"]


def test_an_aggregated_record_is_on_record_when_all_its_parts_are() -> None:
    parts = [(f"c-{n}", complaint_event(n).to_json()) for n in (1, 2)]
    record = stream_record(7, data=aggregated(parts))
    batch = Batch([record], [decode(record)])

    assert unrecorded(batch, {f"{record.event_id}.0"}) == ["7"]
    assert unrecorded(batch, {f"{record.event_id}.0", f"{record.event_id}.1"}) == []
