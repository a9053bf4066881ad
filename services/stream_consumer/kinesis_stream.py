"""Reads single stretches of a Kinesis stream back.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html
"""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.stream_consumer.errors import TransientError
from services.stream_consumer.record import StreamRecord
from services.stream_consumer.redrive import FailedBatch

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import RecordTypeDef

_PAGE = 1000


class KinesisStream:
    """Any stream that the client may read."""

    def __init__(self, client: "KinesisClient") -> None:
        self._client = client

    def read(self, batch: FailedBatch) -> list[StreamRecord]:
        """Return the records from the first to the last that are still retained."""
        try:
            return self._read(batch)
        except (ClientError, BotoCoreError) as error:
            raise TransientError(f"stream {batch.stream}: {error}") from error

    def _read(self, batch: FailedBatch) -> list[StreamRecord]:
        last = int(batch.end_sequence_number)
        records: list[StreamRecord] = []
        iterator: str | None = self._iterator(batch)
        while iterator:
            answer = self._client.get_records(ShardIterator=iterator, Limit=_PAGE)
            page = [_record(batch, record) for record in answer["Records"]]
            records += [record for record in page if int(record.sequence_number) <= last]
            is_over = page and int(page[-1].sequence_number) >= last
            is_at_tip = not page and answer.get("MillisBehindLatest", 0) == 0
            iterator = None if is_over or is_at_tip else answer.get("NextShardIterator")
        return records

    def _iterator(self, batch: FailedBatch) -> str:
        answer = self._client.get_shard_iterator(
            StreamName=batch.stream,
            ShardId=batch.shard_id,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber=batch.start_sequence_number,
        )
        return answer["ShardIterator"]


def _record(batch: FailedBatch, record: "RecordTypeDef") -> StreamRecord:
    return StreamRecord(
        batch.stream,
        batch.shard_id,
        record["SequenceNumber"],
        record["PartitionKey"],
        record["ApproximateArrivalTimestamp"],
        record["Data"],
    )
