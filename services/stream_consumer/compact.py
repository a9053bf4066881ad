"""Compacts the prediction log: the CSV objects of some days into one Parquet file a day.

Running it twice, or two at once, changes nothing: a file is replaced only in the version that was
read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from libs.events.compaction import compacted_key, merge_day, read_compacted, rows_by_day
from libs.events.prediction_log import PREFIX, PredictionRow, read_prediction_log
from services.stream_consumer.errors import TransientError


@dataclass(frozen=True)
class Version:
    """An object's content and the tag of that version."""

    content: bytes
    tag: str


class Archive(Protocol):
    """The bucket as the compaction sees it."""

    def keys(self, prefix: str) -> list[str]:
        """Return the names that begin so, in order."""

    def version(self, key: str) -> Version | None:
        """Return the object, or None when there is none."""

    def replace(self, key: str, content: bytes, tag: str | None) -> bool:
        """Write over the version of that tag, or where there is none; False when that is past."""


@dataclass(frozen=True)
class Compacted:
    """What one run did."""

    objects: int
    rows: int
    changed: list[str]


def compact(archive: Archive, days: Sequence[date]) -> Compacted:
    """Bring the log objects of `days` into the files; raises InvalidEventError, TransientError."""
    keys = [key for day in days for key in archive.keys(f"{PREFIX}dt={day.isoformat()}/")]
    groups = rows_by_day(row for key in keys for row in _rows(archive, key))
    changed = [day for day, rows in sorted(groups.items()) if _merge(archive, day, rows)]
    rows = sum(map(len, groups.values()))
    return Compacted(len(keys), rows, [compacted_key(day) for day in changed])


def days_between(first: date, last: date) -> list[date]:
    """Return every day from the first to the last."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _rows(archive: Archive, key: str) -> Iterable[PredictionRow]:
    version = archive.version(key)
    return () if version is None else read_prediction_log(version.content, key)


def _merge(archive: Archive, day: date, rows: Sequence[PredictionRow]) -> bool:
    key = compacted_key(day)
    old = archive.version(key)
    content = merge_day(read_compacted(old.content, key) if old else [], rows)
    if old is not None and content == old.content:
        return False
    if not archive.replace(key, content, old.tag if old else None):
        raise TransientError(f"{key} was changed meanwhile: run the compaction again")
    return True
