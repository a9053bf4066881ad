from collections import Counter
from pathlib import Path

import pytest

from libs.events.labelled import ComplaintFileError
from libs.labels.schema import LABEL_SCHEMA
from services.onnx_exporter.errors import NarrativesError
from services.onnx_exporter.narratives import fixed_narratives, read_narratives


def test_the_fixed_narratives_have_every_label() -> None:
    narratives = fixed_narratives()

    counts = Counter(item.label_id for item in narratives.narratives)

    assert set(counts) == set(range(len(LABEL_SCHEMA)))
    assert len(set(narratives.texts)) == len(narratives.texts) == 30
    assert not narratives.is_given


def test_a_given_file_is_read_with_what_it_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text("narrative,product\nlate fee,Credit card\n,Mortgage\nlate,Timeshare\n")

    narratives = read_narratives(path)

    assert [(item.narrative, item.label_id) for item in narratives.narratives] == [("late fee", 0)]
    assert (narratives.source, narratives.left_out, narratives.is_given) == ("some.csv", 2, True)


def test_a_file_without_labels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text("narrative\nlate fee\n")

    with pytest.raises(ComplaintFileError, match="label"):
        read_narratives(path)


def test_a_file_with_unknown_labels_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text("narrative,label\nlate fee,timeshare\n")

    with pytest.raises(NarrativesError, match="no narrative with a known label"):
        read_narratives(path)
