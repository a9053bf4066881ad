"""What had to be reached and what was: the rows of the benchmark's table."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

_VERDICTS = {True: "reached", False: "MISSED", None: "not measured"}


@dataclass(frozen=True)
class Row:
    """One bar, and what was measured; `is_reached` is None where nothing could be."""

    what: str
    bar: str
    measured: str
    is_reached: bool | None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        return _VERDICTS[self.is_reached]


def document(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the rows as plain values, and whether all bars were reached."""
    return {
        "is_reached": all(row.is_reached is True for row in rows),
        "rows": [{**asdict(row), "verdict": row.verdict} for row in rows],
    }


def table(rows: Sequence[Row]) -> Table:
    """Return the rows as a table for a terminal."""
    result = Table("what", "bar", "measured", "verdict")
    for row in rows:
        result.add_row(row.what, row.bar, row.measured, row.verdict)
    return result
