"""Turns a stream record into complaints or into rejections with a reason. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from libs.events.complaint import read_complaint_event
from libs.events.errors import InvalidEventError
from services.stream_consumer.aggregation import AggregationError, is_aggregated, split_aggregated
from services.stream_consumer.compression import CompressionError, decompress, is_gzip
from services.stream_consumer.record import Complaint, Rejection, StreamRecord

Decoded = Complaint | Rejection


def decode(record: StreamRecord) -> list[Decoded]:
    """Decode one Kinesis record; an aggregated one gives as many as it holds, at least one."""
    if not is_aggregated(record.data):
        return [_decode_one(record)]
    try:
        return [_decode_one(part) for part in _parts(record)]
    except AggregationError as error:
        return [Rejection(record, str(error))]


def _parts(record: StreamRecord) -> Iterator[StreamRecord]:
    for number, part in enumerate(split_aggregated(record.data)):
        yield replace(
            record,
            sub_sequence_number=number,
            partition_key=part.partition_key,
            data=part.data,
        )


def _decode_one(record: StreamRecord) -> Decoded:
    try:
        content = decompress(record.data) if is_gzip(record.data) else record.data
        return Complaint(record, read_complaint_event(content))
    except (InvalidEventError, CompressionError) as error:
        return Rejection(record, str(error))
