from pathlib import Path

import pytest

from ops.local.demo.complaints import (
    Complaint,
    load_complaints,
    load_samples,
    repeat_to,
    split_samples,
    write_labelled,
)
from ops.local.demo.errors import InputError


def test_no_sample_is_both_trained_on_and_streamed() -> None:
    samples = load_samples()

    trained, streamed = split_samples(samples)

    assert not {c.complaint_id for c in trained} & {c.complaint_id for c in streamed}
    assert len(trained) + len(streamed) == len(samples)


def test_a_short_file_is_streamed_again_under_new_ids() -> None:
    complaints = [Complaint("a", "one"), Complaint("b", "two")]

    ids = [complaint.complaint_id for complaint in repeat_to(complaints, 5)]

    assert ids == ["a", "b", "a-again-1", "b-again-1", "a-again-2"]


def test_a_file_without_labels_can_be_streamed(tmp_path: Path) -> None:
    path = tmp_path / "unlabelled.csv"
    path.write_text('narrative\n"They charged me"\n')

    assert load_complaints(path).complaints == [Complaint("row-1", "They charged me")]


def test_an_empty_narrative_is_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "complaints.csv"
    path.write_text('narrative,label\n"They charged me",credit_card\n" ",credit_card\n')

    loaded = load_complaints(path)

    assert len(loaded.complaints) == 1
    assert loaded.omitted_by_reason == {"no narrative": 1}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", "empty"),
        ("text\nhello\n", "no column 'narrative'"),
        ("narrative\n", "no row with a narrative"),
    ],
)
def test_a_file_that_cannot_be_streamed_is_refused(
    tmp_path: Path, content: str, named: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)

    with pytest.raises(InputError, match=named):
        load_complaints(path)


def test_what_is_written_for_the_trainer_is_read_back(tmp_path: Path) -> None:
    complaints = [Complaint("a", 'He said "pay"\nor else', "debt_collection")]
    write_labelled(complaints, tmp_path / "training.csv")

    assert load_complaints(tmp_path / "training.csv").complaints == complaints
