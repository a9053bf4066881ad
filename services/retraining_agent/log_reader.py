"""Reads the prediction log: object by object, ahead of its use, each row exactly once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from libs.events.errors import InvalidEventError
from libs.events.prediction_log import PREFIX, PredictionRow, read_prediction_log
from services.retraining_agent.deduplicate import SeenEvents
from services.retraining_agent.read_ahead import read_objects
from services.retraining_agent.store import ObjectStore


@dataclass
class LogQuality:
    """What was wrong with the log that was read; filled while it is read."""

    objects: int = 0
    rows: int = 0
    repeated_rows: int = 0
    corrupt_objects: list[str] = field(default_factory=list)


def read_log(store: ObjectStore, since: date, quality: LogQuality) -> Iterator[PredictionRow]:
    """Yield every row logged since the day `since`, in the order of keys, repeats dropped.

    An object that breaks its format is counted in `quality`, and its readable head is used.
    """
    seen = SeenEvents()
    keys = (key for key in store.keys(PREFIX, f"{PREFIX}dt={since}") if key.endswith(".csv"))
    for key, content in read_objects(store, keys):
        rows = _rows(key, content, quality)
        is_new = seen.first_seen([row.event_id for row in rows])
        quality.objects += 1
        quality.rows += sum(is_new)
        quality.repeated_rows += len(rows) - sum(is_new)
        yield from (row for row, new in zip(rows, is_new, strict=True) if new)


def _rows(key: str, content: bytes, quality: LogQuality) -> list[PredictionRow]:
    rows: list[PredictionRow] = []
    try:
        rows.extend(read_prediction_log(content, key))
    except InvalidEventError:
        quality.corrupt_objects.append(key)
    return rows
