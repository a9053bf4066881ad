"""Finds rows of the prediction log, and the narratives that the model read."""

from datetime import date

from libs.events.complaint import event_id as join_event_id
from libs.events.prediction_log import PREFIX, PredictionRow, first_decisions, read_prediction_log
from services.stream_consumer.compact import Archive
from services.stream_consumer.decode import decode
from services.stream_consumer.errors import ConsumerError
from services.stream_consumer.record import Complaint
from services.stream_consumer.redrive import FailedBatch, Stream


class NotFoundError(ConsumerError):
    """A row or a record that is not where it was looked for."""


def find_row(archive: Archive, event_id: str, day: date) -> PredictionRow:
    """Return the decision on an event in the log objects of a day; raises NotFoundError."""
    shard_id = event_id.rpartition(":")[0]
    prefix = f"{PREFIX}dt={day.isoformat()}/"
    found = []
    for key in archive.keys(prefix):
        version = archive.version(key) if f"-{shard_id}-" in key else None
        if version is not None:
            rows = read_prediction_log(version.content, key)
            found += [row for row in rows if row.event_id == event_id]
    if not found:
        raise NotFoundError(f"{event_id}: no row under {prefix}")
    return first_decisions(found)[0]


def find_narrative(stream: Stream, stream_name: str, event_id: str) -> str:
    """Return what the event said, from the stream; raises NotFoundError once it has expired."""
    shard_id, _, position = event_id.rpartition(":")
    sequence_number = position.partition(".")[0]
    arn = f"/{stream_name}"
    batch = FailedBatch(shard_id, sequence_number, sequence_number, 1, arn)
    for record in stream.read(batch):
        for item in decode(record):
            if isinstance(item, Complaint) and item.record.event_id == event_id:
                return item.event.narrative
    whole = join_event_id(shard_id, sequence_number)
    raise NotFoundError(f"{whole} is not, or no longer, a complaint in the stream {stream_name}")
