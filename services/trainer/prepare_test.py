from pathlib import Path

import pytest

from libs.events.labelled import ComplaintFileError
from services.trainer.config import DataConfig
from services.trainer.errors import DataError
from services.trainer.gather import OMITTED_FILE
from services.trainer.prepare import (
    DataFiles,
    PreparedData,
    iterate_split,
    open_prepared,
    prepare,
)
from services.trainer.split import TEST, TRAIN, VALIDATION
from services.trainer.testing.complaints import invented_rows, write_rows


def numbers(prepared: PreparedData, split: int) -> set[int]:
    return {row for batch in iterate_split(prepared, split) for row in batch["row"].to_pylist()}


def test_every_usable_row_is_in_one_split(tmp_path: Path, complaints: Path) -> None:
    prepared = prepare(DataFiles(complaints), DataConfig(), tmp_path)

    parts = [numbers(prepared, split) for split in (TRAIN, VALIDATION, TEST)]

    assert sorted(row for part in parts for row in part) == list(range(1, 201))
    assert open_prepared(tmp_path).summary == prepared.summary


def test_rows_left_out_are_counted_and_listed(tmp_path: Path) -> None:
    rows = invented_rows(60)
    rows[4]["label"] = "payday"
    rows[9]["narrative"] = " "
    data = write_rows(tmp_path / "data.csv", rows)

    prepared = prepare(DataFiles(data), DataConfig(), tmp_path)

    assert prepared.summary.omitted == {"unknown label": 1, "no narrative": 1}
    assert (tmp_path / OMITTED_FILE).read_text().splitlines() == [
        "row,reason",
        "5,unknown label",
        "10,no narrative",
    ]


def test_given_clusters_are_kept_together(tmp_path: Path) -> None:
    rows = [{**row, "cluster": str(i // 10)} for i, row in enumerate(invented_rows(200))]
    data = write_rows(tmp_path / "data.csv", rows)

    prepared = prepare(DataFiles(data), DataConfig(), tmp_path)

    sides = [{(row - 1) // 10 for row in numbers(prepared, split)} for split in (TRAIN, TEST)]
    assert sides[0].isdisjoint(sides[1])
    assert prepared.summary.rows_in_clusters == 200


def test_exact_duplicates_never_cross_even_if_the_given_clusters_part_them(tmp_path: Path) -> None:
    rows = [{**row, "cluster": str(i)} for i, row in enumerate(invented_rows(100) * 2)]
    data = write_rows(tmp_path / "data.csv", rows)

    prepared = prepare(DataFiles(data), DataConfig(), tmp_path)

    sides = [{(row - 1) % 100 for row in numbers(prepared, split)} for split in (TRAIN, TEST)]
    assert sides[0].isdisjoint(sides[1])


def test_a_test_file_tests_and_nothing_else_does(tmp_path: Path, complaints: Path) -> None:
    test = write_rows(tmp_path / "test.csv", invented_rows(30, seed=99))

    prepared = prepare(DataFiles(complaints, test), DataConfig(), tmp_path)

    assert sum(prepared.summary.splits["test"].values()) == 30
    assert sum(prepared.summary.splits["train"].values()) > 160


def test_a_limit_draws_that_many_rows(tmp_path: Path, complaints: Path) -> None:
    prepared = prepare(DataFiles(complaints), DataConfig(limit=50), tmp_path)

    assert prepared.summary.rows == 50


def test_the_fingerprint_is_of_the_training_rows(tmp_path: Path, complaints: Path) -> None:
    def fingerprint(seed: int) -> str:
        folder = tmp_path / str(seed)
        folder.mkdir()
        prepared = prepare(DataFiles(complaints), DataConfig(seed=seed), folder)
        return prepared.summary.training_data_fingerprint

    (tmp_path / "again").mkdir()
    again = prepare(DataFiles(complaints), DataConfig(seed=1), tmp_path / "again")

    assert fingerprint(1) == again.summary.training_data_fingerprint != fingerprint(2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("narrative,label\n", "no usable row: the file has no rows"),
        ("narrative,label\nA,payday\nB,\n", "no usable row: 1 unknown label, 1 no label"),
        ("narrative,label\n,credit_card\n ,credit_card\n", "no usable row: 2 no narrative"),
        ("narrative,label\nA,credit_card\nB,credit_card\n", "1 label: expected at least 2"),
    ],
)
def test_a_file_that_nothing_can_be_learnt_from_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    data = tmp_path / "data.csv"
    data.write_text(content)

    with pytest.raises(DataError, match=message):
        prepare(DataFiles(data), DataConfig(), tmp_path)


def test_a_file_without_narratives_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_text("text,label\nA,credit_card\n")

    with pytest.raises(ComplaintFileError, match="no column 'narrative'"):
        prepare(DataFiles(data), DataConfig(), tmp_path)
