"""What the demo shows of a running stream, computed from plain values."""

import statistics
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from libs.events.prediction_log import PredictionRow

THROUGHPUT_WINDOW_SECONDS = 5.0


@dataclass
class StreamStats:
    """Counts the rows of the prediction log as they are seen, each event once."""

    predicted: dict[str, str] = field(default_factory=dict)
    """The predicted label by event id."""
    repeats: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    """How many rows each model answered, by digest."""
    waiting: list[PredictionRow] = field(default_factory=list)
    latencies_seconds: list[float] = field(default_factory=list)
    _arrivals: deque[tuple[float, int]] = field(default_factory=deque)

    def add(self, rows: Iterable[PredictionRow], seen_at: float) -> None:
        """Count rows that were seen in the log at `seen_at` (seconds since the epoch)."""
        new = 0
        for row in rows:
            if row.event_id in self.predicted:
                self.repeats += 1
                continue
            new += 1
            self.predicted[row.event_id] = row.predicted_label
            self.labels[row.predicted_label] += 1
            self.models[row.model_digest] += 1
            self.latencies_seconds.append(seen_at - row.received_at.timestamp())
            if row.reviewed == "No":
                self.waiting.append(row)
        self._arrivals.append((seen_at, new))

    @property
    def event_ids(self) -> set[str]:
        return set(self.predicted)

    @property
    def logged(self) -> int:
        return len(self.predicted)

    def throughput(self, now: float) -> float:
        """Return complaints a second over the last few seconds."""
        while self._arrivals and self._arrivals[0][0] < now - THROUGHPUT_WINDOW_SECONDS:
            self._arrivals.popleft()
        if not self._arrivals:
            return 0.0
        span = max(now - self._arrivals[0][0], 1.0)
        return sum(count for _, count in self._arrivals) / span

    def latency_quantile(self, percent: int) -> float | None:
        """Return a percentile of received-to-logged seconds, None before there are two rows."""
        if len(self.latencies_seconds) < 2:
            return None
        return statistics.quantiles(self.latencies_seconds, n=100)[percent - 1]
