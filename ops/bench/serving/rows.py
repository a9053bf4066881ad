"""The table's rows: a measured value, the bar it has to reach, and whether it does."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table


@dataclass(frozen=True)
class Row:
    """`value` is None when it could not be measured, `bar` when none is set."""

    name: str
    value: float | None
    bar: float | None
    higher_is_better: bool
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not run"
        if self.bar is None:
            return "-"
        reaches = self.value >= self.bar if self.higher_is_better else self.value <= self.bar
        return "reached" if reaches else "MISSED"

    def to_document(self) -> dict[str, Any]:
        return asdict(self) | {"verdict": self.verdict}


def at_least(name: str, value: float, bar: float, note: str = "") -> Row:
    return Row(name, value, bar, True, note)


def at_most(name: str, value: float, bar: float, note: str = "") -> Row:
    return Row(name, value, bar, False, note)


def draw(rows: list[Row]) -> Table:
    """Return the table as it is printed."""
    table = Table("what", "measured", "bar", "verdict", "note")
    for row in rows:
        measured = "-" if row.value is None else f"{row.value:.3g}"
        bar = "-" if row.bar is None else f"{'>=' if row.higher_is_better else '<='} {row.bar:g}"
        table.add_row(row.name, measured, bar, row.verdict, row.note)
    return table
