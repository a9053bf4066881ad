from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from services.stream_consumer.errors import TransientError
from services.stream_consumer.kinesis_stream import KinesisStream
from services.stream_consumer.redrive import FailedBatch
from services.stream_consumer.testing.records import ARRIVED_AT

BATCH = FailedBatch("shardId-0", "102", "105", 4, "arn:aws:kinesis:r:0:stream/complaints")


class FakeKinesis:
    """Kinesis's client over one shard, two records a page; what is below `trimmed` is gone."""

    def __init__(self, numbers: range, trimmed: int = 0) -> None:
        self.numbers = [number for number in numbers if number >= trimmed]

    def get_shard_iterator(self, StartingSequenceNumber: str, **_: str) -> dict[str, str]:  # noqa: N803
        return {"ShardIterator": StartingSequenceNumber}

    def get_records(self, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803
        page = [number for number in self.numbers if number >= int(ShardIterator)][:2]
        following = str(page[-1] + 1) if page else ShardIterator
        return {
            "Records": [self._record(number) for number in page],
            "NextShardIterator": following,
            "MillisBehindLatest": 0,
        }

    def _record(self, number: int) -> dict[str, Any]:
        return {
            "SequenceNumber": str(number),
            "PartitionKey": "k",
            "ApproximateArrivalTimestamp": ARRIVED_AT,
            "Data": b"{}",
        }


class Unreachable:
    """Kinesis's client without a network."""

    def get_shard_iterator(self, **_: str) -> dict[str, str]:
        raise EndpointConnectionError(endpoint_url="e")


def read(client: Any) -> list[str]:
    return [record.sequence_number for record in KinesisStream(client).read(BATCH)]


def test_a_stretch_is_read_from_its_first_to_its_last_record() -> None:
    assert read(FakeKinesis(range(100, 120))) == ["102", "103", "104", "105"]


def test_what_is_no_longer_retained_is_missing() -> None:
    assert read(FakeKinesis(range(100, 120), trimmed=104)) == ["104", "105"]


def test_reading_ends_at_the_tip_of_the_stream() -> None:
    assert read(FakeKinesis(range(100, 104))) == ["102", "103"]


def test_a_stream_out_of_reach_is_a_fault_that_may_pass() -> None:
    with pytest.raises(TransientError, match="stream complaints"):
        read(Unreachable())
