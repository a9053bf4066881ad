from pathlib import Path

from libs.events.labelled import read_complaints
from ops.monitoring.check.complaints import (
    IMPOSSIBLE_CHARACTERS,
    IMPOSSIBLE_EVERY,
    LONG_CHARACTERS,
    write_complaints,
)


def test_some_complaints_are_too_long_to_read_whole_and_some_impossible(tmp_path: Path) -> None:
    path = tmp_path / "complaints.csv"

    write_complaints(path, 2 * IMPOSSIBLE_EVERY)

    rows = read_complaints(path).complaints
    lengths = [len(row.narrative) for row in rows]
    assert len(rows) == 2 * IMPOSSIBLE_EVERY
    assert sum(length >= IMPOSSIBLE_CHARACTERS for length in lengths) == 2
    assert sum(LONG_CHARACTERS <= length < IMPOSSIBLE_CHARACTERS for length in lengths) == 6
