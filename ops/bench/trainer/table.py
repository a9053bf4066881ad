"""Tables of figures, with the machine and the day that they are of."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime


def describe_machine() -> str:
    """Return processor, cores, load and day in one line."""
    processor = platform.processor() or platform.machine()
    load = os.getloadavg()[0]
    day = datetime.now(UTC).date().isoformat()
    return f"{processor}, {os.cpu_count()} cores, load {load:.1f}, {day}"


def render_table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
