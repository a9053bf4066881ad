"""Reading exactly once, in a stream: of repeated rows the earliest decision, as libs/events has it.

Holds back no more than what a later object may still repeat. Reads no store.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from libs.events.prediction_log import PredictionRow, first_decisions
from services.retraining_agent.deduplicate import SeenEvents

_Sequence = tuple[int, str]
_Held = dict[str, tuple[_Sequence, PredictionRow]]

# A Lambda batch has 10,000 records at most, so an honest log never holds back so many.
_MOST_HELD = 20_000


class FirstDecisions:
    """Yields the earliest decision of each event, once.

    An object is named by the first record that it holds (contract 5), and keys are listed in order:
    once a shard's object begins after a record, no later object repeats that record. What breaks
    this order is still yielded once, but then it is the decision that was listed first.
    """

    def __init__(self) -> None:
        self.repeats = 0
        self._seen = SeenEvents()
        self._held: dict[str, _Held] = {}

    def add(self, key: str, rows: Sequence[PredictionRow]) -> Iterator[PredictionRow]:
        """Take the rows of the next object and yield those that nothing can repeat any more."""
        shard, _, begins_at = key.rpartition("/")[2].removesuffix(".csv").rpartition("-")
        held = self._held.setdefault(shard, {})
        for row in rows:
            self._hold(held, row)
        begin = _sequence(begins_at)
        ready = [event_id for event_id, (sequence, _) in held.items() if sequence < begin]
        yield from self._release(held, ready)
        yield from self._release(held, list(islice(held, max(0, len(held) - _MOST_HELD))))

    def rest(self) -> Iterator[PredictionRow]:
        """Yield what was held back, once there are no more objects."""
        for held in self._held.values():
            yield from self._release(held, list(held))

    def _hold(self, held: _Held, row: PredictionRow) -> None:
        known = held.get(row.event_id)
        if known is None:
            held[row.event_id] = _sequence(row.event_id.rpartition(":")[2]), row
        else:
            self.repeats += 1
            held[row.event_id] = known[0], first_decisions((known[1], row))[0]

    def _release(self, held: _Held, event_ids: list[str]) -> Iterator[PredictionRow]:
        rows = [held.pop(event_id)[1] for event_id in event_ids]
        is_new = self._seen.first_seen(event_ids)
        self.repeats += len(rows) - sum(is_new)
        return (row for row, new in zip(rows, is_new, strict=True) if new)


def _sequence(position: str) -> _Sequence:
    """Return what orders positions: the number, without the place in an aggregated record."""
    number = position.partition(".")[0]
    return len(number), number
