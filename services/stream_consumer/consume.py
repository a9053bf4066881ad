"""The use case: a batch of stream records in, every one of them on record or handed back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from libs.events.prediction_log import PredictionRow
from libs.events.rejected import RejectedRecord
from services.stream_consumer.classify import Answers, Classifier
from services.stream_consumer.clock import Clock, Deadline
from services.stream_consumer.decode import Decoded, decode
from services.stream_consumer.outcome import Batch, Outcome, unrecorded
from services.stream_consumer.record import Complaint, Rejection, StreamRecord
from services.stream_consumer.record_store import LogEntry, Recorded, RecordStore, RejectedEntry
from services.stream_consumer.redact import Redactor
from services.stream_consumer.verdict import Classified

MAX_BATCH_CHARACTERS = 32_000_000
"""Narratives held at once, for small compressed records can hold large ones; the rest waits."""
LAST_SECONDS = 1.0
"""Kept of the invocation's time for the answer itself."""


@dataclass(frozen=True)
class Consumer:
    """Decode, classify, record, conclude."""

    classifier: Classifier
    record_store: RecordStore
    redactor: Redactor
    clock: Clock
    reserve_seconds: float

    def consume(
        self,
        records: Sequence[StreamRecord],
        trace_id: str,
        remaining_seconds: Callable[[], float],
    ) -> Outcome:
        """Process a batch; what is not on record in the end is named in the outcome's failures."""
        batch = Batch(records, decode_within(records, MAX_BATCH_CHARACTERS))
        to_classify = Deadline(remaining_seconds, self.reserve_seconds + LAST_SECONDS)
        answers = self.classifier.classify(batch.complaints, trace_id, to_classify)
        entries = [self._entry(item, trace_id) for item in in_order(answers.classified, batch)]
        rejections = [*batch.rejections, *answers.refused]
        to_record = Deadline(remaining_seconds, LAST_SECONDS)
        logged = self.record_store.write_log(entries, to_record)
        rejected = self.record_store.write_rejected(
            [self._rejected(rejection) for rejection in rejections], to_record
        )
        return self._conclude(batch, answers, logged, rejected)

    def _entry(self, item: Classified, trace_id: str) -> LogEntry:
        event, prediction = item.complaint.event, item.prediction
        row = PredictionRow(
            timestamp=item.decided_at,
            text=self.redactor.redact(event.narrative),
            predicted_label=prediction.label,
            confidence=prediction.confidence,
            reviewed="No" if prediction.needs_review else "N/A",
            event_id=item.complaint.record.event_id,
            complaint_id=event.complaint_id,
            received_at=event.received_at,
            scores=prediction.scores,
            is_truncated=prediction.is_truncated,
            model_version=item.model.version,
            model_digest=item.model.digest,
            latency_seconds=item.latency_seconds,
            trace_id=event.trace_id or trace_id,
        )
        return LogEntry(item.complaint.record, row)

    def _rejected(self, rejection: Rejection) -> RejectedEntry:
        record = rejection.record
        rejected = RejectedRecord(
            event_id=record.event_id,
            reason=rejection.reason,
            arrived_at=record.arrived_at,
            rejected_at=self.clock.now(),
            partition_key=record.partition_key,
            data=record.data,
        )
        return RejectedEntry(record, rejected)

    def _conclude(
        self, batch: Batch, answers: Answers, logged: Recorded, rejected: Recorded
    ) -> Outcome:
        now, new_rows = self.clock.now(), logged.event_ids - logged.repeated
        failures = unrecorded(batch, logged.event_ids | rejected.event_ids)
        return Outcome(
            logged=len(new_rows),
            rejected=len(rejected.event_ids - rejected.repeated),
            repeated=len(logged.repeated | rejected.repeated),
            handed_back=len(failures),
            calls=answers.calls,
            failures=failures,
            rejections=[*batch.rejections, *answers.refused],
            end_to_end_seconds=[
                round(max((now - item.event.received_at).total_seconds(), 0.0), 3)
                for item in batch.complaints
                if item.record.event_id in new_rows
            ],
            faults=[*answers.faults, *logged.faults, *rejected.faults],
        )


def decode_within(records: Sequence[StreamRecord], max_characters: int) -> list[list[Decoded]]:
    """Decode records in order, at least one, until their narratives reach `max_characters`."""
    decoded: list[list[Decoded]] = []
    characters = 0
    for record in records:
        if characters >= max_characters:
            break
        decoded.append(decode(record))
        characters += sum(
            len(item.event.narrative) for item in decoded[-1] if isinstance(item, Complaint)
        )
    return decoded


def in_order(classified: Sequence[Classified], batch: Batch) -> list[Classified]:
    """Return what was classified in the order of the stream."""
    places = {item.record.event_id: place for place, item in enumerate(batch.complaints)}
    return sorted(classified, key=lambda item: places[item.complaint.record.event_id])
