from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ops.monitoring.check.drawing import DrawingError
from ops.monitoring.check.main import Answers, draw_if_possible, pictures, report, without_data
from ops.monitoring.check.panel_frames import PanelData, Picture
from ops.monitoring.check.prometheus_api import Series, Span

PANEL = {
    "title": "Queue",
    "targets": [{"expr": "full"}, {"expr": "empty"}],
    "gridPos": {"x": 0, "y": 0, "w": 8, "h": 8},
}
QUEUE = PanelData(PANEL, [[Series("a", [0.0], [1.0])], []])
ANSWERS = Answers("2.42.0", Span(0.0, 60.0, 2.0), {"serving": [QUEUE]}, [])


def test_a_query_without_data_is_named_although_its_panel_has_some() -> None:
    assert without_data([QUEUE]) == ["no data: Queue: empty"]


def test_a_rule_that_does_not_evaluate_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    rules = [{"name": "calm", "health": "ok"}, {"name": "torn", "health": "err"}]

    is_well = report(replace(ANSWERS, dashboards={}, rules=rules))

    assert not is_well
    assert capsys.readouterr().err == "rule torn is err\n"


def test_a_picture_says_what_drew_it_and_from_what() -> None:
    picture = pictures(ANSWERS)["serving"]

    assert picture.title == "Complaints: serving"
    assert picture.caption.startswith("Drawn on 1970-01-01 with Grafana's panel library (@grafana/")
    assert "not by a Grafana server" in picture.caption
    assert "Prometheus 2.42.0" in picture.caption


def refuse(pictures: Mapping[str, Picture], folder: Path) -> None:
    raise DrawingError("no pictures, since npm cannot be found")


def test_pictures_that_were_asked_for_and_cannot_be_drawn_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DrawingError):
        draw_if_possible(ANSWERS, tmp_path, refuse)


def test_pictures_that_nobody_asked_for_are_passed_over_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    draw_if_possible(ANSWERS, None, refuse)

    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "no pictures, since npm cannot be found\n")
