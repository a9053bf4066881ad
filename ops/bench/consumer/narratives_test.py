from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ops.bench.consumer.narratives import load_narratives, median_narratives
from ops.bench.serving.narratives import NarrativesError


def test_narratives_come_from_csv_and_begin_again_where_there_are_too_few(tmp_path: Path) -> None:
    path = tmp_path / "complaints.csv"
    path.write_text('product,narrative\nmortgage,"two\nlines"\nmortgage,\nmortgage,three\n')

    assert load_narratives(3, path) == ["two\nlines", "three", "two\nlines"]


def test_narratives_come_from_parquet(tmp_path: Path) -> None:
    path = tmp_path / "complaints.parquet"
    pq.write_table(pa.table({"narrative": ["one", "two"], "label": ["a", "b"]}), path)

    assert load_narratives(2, path) == ["one", "two"]


def test_a_file_without_narratives_is_named(tmp_path: Path) -> None:
    path = tmp_path / "complaints.csv"
    path.write_text("narrative\n\n")

    with pytest.raises(NarrativesError, match="complaints.csv"):
        load_narratives(1, path)


def test_the_median_ones_are_those_in_the_middle_of_all_lengths() -> None:
    narratives = ["a" * length for length in (9, 1, 5, 4, 6)]

    assert [len(text) for text in median_narratives(narratives, 3)] == [4, 5, 6]
