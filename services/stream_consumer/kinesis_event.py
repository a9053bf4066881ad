"""Reads the event that Lambda hands over for a Kinesis batch.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.stream_consumer.record import StreamRecord


def read_kinesis_event(event: Mapping[str, Any]) -> list[StreamRecord]:
    """Return the records in their order, each event id once; anything but a batch is a KeyError."""
    records = (_read_record(record) for record in event["Records"])
    return list({record.event_id: record for record in records}.values())


def _read_record(record: Mapping[str, Any]) -> StreamRecord:
    kinesis = record["kinesis"]
    return StreamRecord(
        stream=record["eventSourceARN"].rpartition("/")[2],
        shard_id=record["eventID"].rpartition(":")[0],
        sequence_number=kinesis["sequenceNumber"],
        partition_key=kinesis["partitionKey"],
        arrived_at=datetime.fromtimestamp(kinesis["approximateArrivalTimestamp"], UTC),
        data=base64.b64decode(kinesis["data"]),
    )
