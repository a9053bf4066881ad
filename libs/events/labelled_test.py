from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from libs.events.labelled import (
    ComplaintFileError,
    ComplaintRow,
    OmittedRow,
    count_by_reason,
    read_complaints,
)


def write(tmp_path: Path, content: str, name: str = "complaints.csv") -> Path:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


def test_a_csv_of_product_and_narrative_is_read_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, 'product,narrative\nMortgage,"They lost\nmy papers, twice"\n')

    complaints = read_complaints(path).complaints

    assert complaints == [ComplaintRow(1, "They lost\nmy papers, twice", "mortgages_and_loans")]


def test_a_parquet_file_gives_its_optional_columns(tmp_path: Path) -> None:
    path = tmp_path / "complaints.parquet"
    columns = {
        "narrative": ["They closed my account"],
        "label": ["retail_banking"],
        "complaint_id": [17],
        "date_received": ["2024-11-20"],
        "cluster": [3],
        "company": ["Some Bank"],
    }
    pa.parquet.write_table(pa.table(columns), path)

    complaint = read_complaints(path).complaints[0]

    assert (complaint.complaint_id, complaint.cluster) == ("17", "3")
    assert complaint.date_received == date(2024, 11, 20)


def test_unusable_rows_are_left_out_with_number_and_reason(tmp_path: Path) -> None:
    path = write(tmp_path, "narrative,label\n  ,credit_card\nA,payday\nB,\nC,credit_card\n")

    file = read_complaints(path)

    assert [row.row for row in file.complaints] == [4]
    assert file.omitted == [
        OmittedRow(1, "no narrative"),
        OmittedRow(2, "unknown label", "payday"),
        OmittedRow(3, "no label"),
    ]
    assert str(file.omitted[1]) == "row 2: unknown label 'payday'"
    assert count_by_reason(file.omitted)["unknown label"] == 1


def test_labels_may_be_absent_where_none_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "narrative\nThey charged me twice\n")

    file = read_complaints(path, require_label=False)

    assert file.complaints == [ComplaintRow(1, "They charged me twice", None)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "is empty"),
        (
            "a.csv",
            "text,label\nA,credit_card\n",
            "no column 'narrative': its columns are text, label",
        ),
        ("a.csv", "narrative\nA\n", "neither a column 'label' nor 'product'"),
        ("a.csv", "narrative,label\nmy secret,b,c\n", "Row #2: Expected 2 columns, got 3$"),
        ("a.parquet", "narrative,label\n", "not readable"),
        ("a.txt", "narrative,label\n", "unknown kind"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    path = write(tmp_path, content, name)

    with pytest.raises(ComplaintFileError, match=message):
        read_complaints(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ComplaintFileError, match=r"absent\.csv cannot be read: No such file"):
        read_complaints(tmp_path / "absent.csv")


def test_bytes_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(b"narrative,label\ncaf\xe9,credit_card\n")

    with pytest.raises(ComplaintFileError, match="invalid UTF-8"):
        read_complaints(path)
