from ops.monitoring.check.panel_frames import (
    GAP,
    HEADER,
    WIDTH,
    PanelData,
    Picture,
    box,
    data_frame,
)
from ops.monitoring.check.prometheus_api import Series, Span

SPAN = Span(1.0, 61.0, 2.0)
LEFT = {"title": "Left", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}}
BELOW = {"title": "Below", "gridPos": {"x": 0, "y": 8, "w": 24, "h": 4}}


def test_a_series_becomes_a_frame_that_is_named_by_its_legend_and_keeps_its_gaps() -> None:
    frame = data_frame(Series("p95", [1.0, 1.5, 7.0], [0.1, 0.2, 0.3]), SPAN.step_seconds)

    time, value = frame["schema"]["fields"]
    assert (time["type"], time["config"]) == ("time", {"interval": 2000})
    assert (value["type"], value["config"]) == ("number", {"displayNameFromDS": "p95"})
    assert frame["data"]["values"] == [[1000, 1500, 7000], [0.1, 0.2, 0.3]]


def test_a_picture_has_the_committed_panels_with_a_frame_for_each_series_of_each_query() -> None:
    series = [Series(name, [1.0], [0.5]) for name in ("a", "b", "c")]
    panels = [PanelData(LEFT, [series[:2], series[2:]]), PanelData(BELOW, [[]])]

    document = Picture("Complaints: serving", "says", SPAN, panels).document()

    assert (document["from"], document["to"]) == (1000, 61000)
    assert [each["panel"] for each in document["panels"]] == [LEFT, BELOW]
    assert [len(each["frames"]) for each in document["panels"]] == [3, 0]


def test_panels_fill_the_width_and_no_two_overlap() -> None:
    thirds = [box({"x": x, "y": 0, "w": 8, "h": 8}) for x in (0, 8, 16)]

    ends = [each["left"] + each["width"] for each in thirds]
    assert [each["left"] for each in thirds] == [GAP, ends[0] + GAP, ends[1] + GAP]
    assert ends[2] == WIDTH - GAP


def test_a_picture_ends_below_its_lowest_panel() -> None:
    panels = [PanelData(LEFT, []), PanelData(BELOW, [])]

    width, height = Picture("title", "says", SPAN, panels).size

    assert (width, height) == (WIDTH, HEADER + 12 * 38)
