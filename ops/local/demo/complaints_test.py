from pathlib import Path

import pytest

from ops.local.demo.complaints import (
    Complaint,
    load_complaints,
    load_samples,
    repeat_to,
    set_apart,
    write_labelled,
)
from ops.local.demo.errors import InputError


def test_what_is_set_apart_shares_no_group_with_the_others() -> None:
    complaints = [
        Complaint(f"c-{number}", f"narrative {number}", cluster=f"cluster-{number // 3}")
        for number in range(30)
    ]

    apart, others = set_apart(complaints, count=10, seed=7)

    assert 10 <= len(apart) < 13
    assert len(apart) + len(others) == 30
    assert not {c.group for c in apart} & {c.group for c in others}


def test_narratives_that_begin_alike_are_one_group_where_no_cluster_is_known() -> None:
    start = "They charged my card twice and nobody answers. " * 3

    groups = {Complaint("a", start + "One.").group, Complaint("b", start.upper() + "Two.").group}

    assert len(groups) == 1


def test_every_sample_has_a_label() -> None:
    assert all(sample.label_name for sample in load_samples())


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
