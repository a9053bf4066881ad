"""Reads the prediction log: object by object, ahead of its use, each row exactly once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from libs.events.errors import InvalidEventError
from libs.events.prediction_log import PREFIX, PredictionRow, read_prediction_log
from services.retraining_agent.first_decisions import FirstDecisions
from services.retraining_agent.read_ahead import read_objects
from services.retraining_agent.store import ObjectStore


@dataclass
class LogQuality:
    """What was wrong with the log, known once it has been read."""

    objects: int = 0
    rows: int = 0
    repeated_rows: int = 0
    corrupt_objects: list[str] = field(default_factory=list)


def read_log(store: ObjectStore, since: date, quality: LogQuality) -> Iterator[PredictionRow]:
    """Yield every event logged since the day `since` once, its earliest decision, shard by shard
    in the order of keys.

    An object that breaks its format is counted in `quality`, and its readable head is used.
    """
    first, read = FirstDecisions(), 0
    keys = (key for key in store.keys(PREFIX, f"{PREFIX}dt={since}") if key.endswith(".csv"))
    for key, content in read_objects(store, keys):
        rows = _rows(key, content, quality)
        quality.objects += 1
        read += len(rows)
        yield from first.add(key, rows)
    yield from first.rest()
    quality.rows, quality.repeated_rows = read - first.repeats, first.repeats


def _rows(key: str, content: bytes, quality: LogQuality) -> list[PredictionRow]:
    rows: list[PredictionRow] = []
    try:
        rows.extend(read_prediction_log(content, key))
    except InvalidEventError:
        quality.corrupt_objects.append(key)
    return rows
