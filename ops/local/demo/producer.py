"""Puts complaints on the stream at a set rate, and remembers which records the stream took."""

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from libs.events.complaint import ComplaintEvent, event_id
from ops.local.demo.complaints import Complaint

TICK_SECONDS = 0.05
MAX_RECORDS = 500  # PutRecords takes no more


class Stream(Protocol):
    """The one call of the Kinesis client that is needed."""

    def put_records(self, *, StreamName: str, Records: list[Any]) -> Any: ...  # noqa: N803


class Producer:
    """Runs in a thread of its own; `stop` ends it early."""

    def __init__(
        self, stream: Stream, stream_name: str, complaints: Iterator[Complaint], rate: float
    ) -> None:
        self._stream = stream
        self._stream_name = stream_name
        self._complaints = complaints
        self._rate = rate
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="producer")
        self.sent: dict[str, Complaint] = {}
        """Every record that the stream took, by event id."""
        self.error: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._put_all()
        except Exception as error:  # handed to the main thread, which shows it
            self.error = error

    def _put_all(self) -> None:
        started, put = time.monotonic(), 0
        while not self._stopped.wait(TICK_SECONDS):
            due = int((time.monotonic() - started) * self._rate) - put
            chunk = [
                complaint
                for _, complaint in zip(
                    range(min(due, MAX_RECORDS)), self._complaints, strict=False
                )
            ]
            if due > 0 and not chunk:
                return
            self.put(chunk)
            put += len(chunk)

    def put(self, complaints: Sequence[Complaint]) -> None:
        """Put the complaints, again where the stream refuses some of them."""
        while complaints:
            answer = self._stream.put_records(
                StreamName=self._stream_name, Records=[_record(c) for c in complaints]
            )
            refused = []
            for complaint, result in zip(complaints, answer["Records"], strict=True):
                if "SequenceNumber" in result:
                    self.sent[event_id(result["ShardId"], result["SequenceNumber"])] = complaint
                else:
                    refused.append(complaint)
            complaints = refused


def _record(complaint: Complaint) -> dict[str, Any]:
    event = ComplaintEvent(
        complaint_id=complaint.complaint_id,
        narrative=complaint.narrative,
        received_at=datetime.now(UTC),
        source="demo",
        trace_id=f"demo-{complaint.complaint_id}"[:128],
    )
    return {"Data": event.to_json(), "PartitionKey": event.partition_key}
