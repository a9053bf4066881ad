"""Processes what Lambda gave up: from the on-failure message back to the records of the stream.

The message says where the records are, not what they hold:
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import msgspec

from services.stream_consumer.consume import Consumer
from services.stream_consumer.errors import ConsumerError
from services.stream_consumer.outcome import Outcome
from services.stream_consumer.record import StreamRecord


class FailureMessageError(ConsumerError):
    """A message that is not one of Lambda's about a Kinesis batch."""


class FailedBatch(msgspec.Struct, frozen=True, rename="camel"):
    """Where the records are that Lambda gave up."""

    shard_id: str
    start_sequence_number: str
    end_sequence_number: str
    batch_size: int
    stream_arn: str

    @property
    def stream(self) -> str:
        return self.stream_arn.rpartition("/")[2]


class _Message(msgspec.Struct, frozen=True):
    batch: FailedBatch = msgspec.field(name="KinesisBatchInfo")


class Stream(Protocol):
    """Reads the stream back."""

    def read(self, batch: FailedBatch) -> list[StreamRecord]:
        """Return the records from the first to the last, those that are still retained."""


class Queue(Protocol):
    """The on-failure destination."""

    def receive(self) -> list[tuple[str, str]]:
        """Return some messages as (receipt, body), none when there are no more."""

    def delete(self, receipt: str) -> None:
        """Remove a message that is settled."""


@dataclass(frozen=True)
class Redriven:
    """What came of one failed batch; `expired` records are no longer in the stream."""

    batch: FailedBatch
    outcome: Outcome
    expired: int

    @property
    def is_settled(self) -> bool:
        """Tell whether the message can be deleted."""
        return not self.outcome.failures and not self.expired


def read_failed_batch(message: str | bytes) -> FailedBatch:
    """Decode an on-failure message; raises FailureMessageError."""
    try:
        return msgspec.json.decode(message, type=_Message).batch
    except msgspec.MsgspecError as error:
        raise FailureMessageError(f"on-failure message: {error}") from error


def redrive(
    batch: FailedBatch, stream: Stream, consumer: Consumer, remaining_seconds: Callable[[], float]
) -> Redriven:
    """Process the records of a failed batch; what is on record already stays as it is."""
    records = stream.read(batch)
    outcome = consumer.consume(records, "", remaining_seconds)
    return Redriven(batch, outcome, max(batch.batch_size - len(records), 0))


def drain(
    queue: Queue, redrive_batch: Callable[[FailedBatch], Redriven]
) -> Iterator[Redriven | ConsumerError]:
    """Redrive every message; only settled ones leave the queue, the others show up again later.

    A message that cannot be read, or whose stream cannot be, holds up none of the others.
    """
    while messages := queue.receive():
        for receipt, body in messages:
            try:
                redriven = redrive_batch(read_failed_batch(body))
            except ConsumerError as error:
                yield error
                continue
            if redriven.is_settled:
                queue.delete(receipt)
            yield redriven
