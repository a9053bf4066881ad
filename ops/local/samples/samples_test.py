import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from libs.labels.schema import LABEL_SCHEMA

COLUMNS = ["complaint_id", "date_received", "narrative", "label"]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    path = Path(__file__).with_name("complaints.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_the_columns_are_those_that_the_trainer_reads(rows: list[dict[str, str]]) -> None:
    headers = {tuple(row) for row in rows}

    assert headers == {tuple(COLUMNS)}


def test_there_are_enough_rows_to_train_a_small_model(rows: list[dict[str, str]]) -> None:
    assert len(rows) >= 600


def test_all_five_classes_and_no_other_are_present(rows: list[dict[str, str]]) -> None:
    labels = {row["label"] for row in rows}

    assert labels == set(LABEL_SCHEMA.names)


def test_credit_reporting_is_the_most_frequent_class(rows: list[dict[str, str]]) -> None:
    counts = Counter(row["label"] for row in rows)

    (most_frequent, _), *_ = counts.most_common()

    assert most_frequent == "credit_reporting"


def test_every_complaint_has_its_own_id(rows: list[dict[str, str]]) -> None:
    repeated = [key for key, n in Counter(row["complaint_id"] for row in rows).items() if n > 1]

    assert repeated == []


def test_no_narrative_is_empty(rows: list[dict[str, str]]) -> None:
    empty = [row["complaint_id"] for row in rows if not row["narrative"].strip()]

    assert empty == []


def test_no_narrative_repeats_another_but_for_case_and_spaces(rows: list[dict[str, str]]) -> None:
    texts = Counter(" ".join(row["narrative"].casefold().split()) for row in rows)

    assert [text for text, count in texts.items() if count > 1] == []


def test_every_date_lies_in_2024_or_2025(rows: list[dict[str, str]]) -> None:
    years = {date.fromisoformat(row["date_received"]).year for row in rows}

    assert years == {2024, 2025}
