"""Ranks decisions for review: uncertain ones, of classes in need, no two alike; and a few
confident ones at random, without which nobody would see what the model is surely wrong about."""

import heapq
import random
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from libs.events.prediction_log import PredictionRow
from services.retraining_agent.policy import QueuePolicy
from services.retraining_agent.shingles import shingles, similarity

_POOL = 5000
_SEED = 20


@dataclass(frozen=True)
class QueueItem:
    """One decision to review; `reason` says what put it here."""

    event_id: str
    complaint_id: str
    received_at: str
    text: str
    predicted_label: str
    confidence: float
    priority: float
    reason: str


class ReviewCandidates:
    """Keeps, while the log is read, the most uncertain waiting rows and a sample of the others.

    Both are bounded, however long the log is.
    """

    def __init__(self, reviewed_ids: Iterable[str]) -> None:
        self._reviewed = frozenset(reviewed_ids)
        self._random = random.Random(_SEED)
        self._waiting: list[tuple[float, str, PredictionRow]] = []
        self._confident: list[PredictionRow] = []
        self._confident_seen = 0
        self.waiting_rows = 0

    def add(self, row: PredictionRow) -> None:
        """Consider one logged row, unless it has been reviewed."""
        if row.event_id in self._reviewed or row.reviewed == "Yes":
            return
        if row.reviewed == "No":
            self._add_waiting(row)
        else:
            self._add_confident(row)

    def waiting(self) -> list[PredictionRow]:
        """Return the kept waiting rows, the most uncertain first."""
        return [row for _, _, row in sorted(self._waiting, reverse=True)]

    def confident(self) -> list[PredictionRow]:
        """Return the random sample of confident rows."""
        return list(self._confident)

    def _add_waiting(self, row: PredictionRow) -> None:
        self.waiting_rows += 1
        item = (uncertainty(row), row.event_id, row)
        if len(self._waiting) < _POOL:
            heapq.heappush(self._waiting, item)
        else:
            heapq.heappushpop(self._waiting, item)

    def _add_confident(self, row: PredictionRow) -> None:
        """Keep a uniform sample (Vitter 1985, algorithm R)."""
        self._confident_seen += 1
        if len(self._confident) < _POOL:
            self._confident.append(row)
        elif (position := self._random.randrange(self._confident_seen)) < _POOL:
            self._confident[position] = row


def rank_queue(
    candidates: ReviewCandidates, reviewed_by_label: Mapping[str, int], policy: QueuePolicy
) -> list[QueueItem]:
    """Return the queue, highest priority first, at most `policy.limit` items."""
    chosen = _Chosen(policy.max_similarity)
    audit = min(round(policy.limit * policy.audit_share), len(candidates.confident()))
    for row in candidates.confident():
        if len(chosen.items) >= audit:
            break
        chosen.take(row, 0.0, "audit")
    need = Counter(dict(reviewed_by_label))
    waiting: dict[str, deque[PredictionRow]] = defaultdict(deque)
    for row in candidates.waiting():
        waiting[row.predicted_label].append(row)

    def priority(label_name: str) -> float:
        return uncertainty(waiting[label_name][0]) * _need(need[label_name])

    while waiting and len(chosen.items) < policy.limit:
        label = max(sorted(waiting), key=priority)
        taken = chosen.take(waiting[label][0], priority(label), "uncertain")
        need[label] += taken
        waiting[label].popleft()
        if not waiting[label]:
            del waiting[label]
    return sorted(chosen.items, key=lambda item: -item.priority)


def uncertainty(row: PredictionRow) -> float:
    """Return 1 minus the margin between the two best scores: 1 when they tie."""
    best, second, *_ = sorted((*row.scores.values(), 0.0, 0.0), reverse=True)
    return 1 - (best - second)


def _need(reviewed: int) -> float:
    return float(1 / (1 + reviewed) ** 0.5)


class _Chosen:
    def __init__(self, max_similarity: float) -> None:
        self.items: list[QueueItem] = []
        self._shingles: list[frozenset[int]] = []
        self._max_similarity = max_similarity

    def take(self, row: PredictionRow, priority: float, reason: str) -> bool:
        """Add the row unless it is too much like one that was taken."""
        own = shingles(row.text)
        if any(similarity(own, other) > self._max_similarity for other in self._shingles):
            return False
        self._shingles.append(own)
        self.items.append(
            QueueItem(
                event_id=row.event_id,
                complaint_id=row.complaint_id,
                received_at=row.received_at.isoformat(),
                text=row.text,
                predicted_label=row.predicted_label,
                confidence=round(row.confidence, 4),
                priority=round(priority, 4),
                reason=reason,
            )
        )
        return True
