from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from click.testing import CliRunner

from ops.models.training_rows import main, stems, without_near_copies

TEST = "The collectors were calling my employer about debts XXXX that I had already disputed."
LEMMATISED = "collector call employer debt already dispute"
OTHER = "mortgage servicer lost my payment and started foreclosure"


def table(*narratives: str) -> pa.Table:
    return pa.table({"narrative": list(narratives)})


def test_words_count_by_their_first_letters_and_stop_words_and_blanks_not_at_all() -> None:
    assert stems("I was disputing XXXX debts") == ["disp", "debt", "disp debt"]


def test_a_lemmatised_copy_of_a_test_row_is_left_out_and_others_keep_their_order() -> None:
    kept = without_near_copies(table(OTHER, LEMMATISED, "card charged twice"), table(TEST))

    assert kept.column("narrative").to_pylist() == [OTHER, "card charged twice"]


def test_the_files_are_joined_and_what_was_left_out_is_told(tmp_path: Path) -> None:
    for name, rows in {"train": [OTHER], "more": [LEMMATISED, "card"], "test": [TEST]}.items():
        pq.write_table(table(*rows), tmp_path / name)
    options = [f"--{name}={tmp_path / name}" for name in ("train", "more", "test")]

    result = CliRunner().invoke(main, [*options, f"--to={tmp_path / 'joined'}"])

    assert result.output.startswith("2 rows")
    assert result.output.endswith(": 1 near copies of test rows\n")
    assert pq.read_table(tmp_path / "joined").column("narrative").to_pylist() == [OTHER, "card"]
