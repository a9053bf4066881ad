"""Decides what a picture of a dashboard shows: its panels, their places, and their data frames.

Knows neither Prometheus nor what draws.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.monitoring.check.prometheus_api import Series, Span

# A Grafana's grid has 24 columns and rows of 30 px, with 8 px between panels.
COLUMNS, ROW, GAP = 24, 30, 8
WIDTH, HEADER = 1280, 72


@dataclass(frozen=True)
class PanelData:
    """A panel as the committed dashboard has it, and the series that each of its queries gave."""

    panel: Mapping[str, Any]
    answers: Sequence[Sequence[Series]]

    @property
    def series(self) -> list[Series]:
        return [series for answer in self.answers for series in answer]


@dataclass(frozen=True)
class Picture:
    """What one picture shows; `panels` lie where the dashboard has them."""

    title: str
    caption: str
    span: Span
    panels: Sequence[PanelData]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in CSS pixels."""
        boxes = [box(data.panel["gridPos"]) for data in self.panels]
        return WIDTH, max(each["top"] + each["height"] for each in boxes) + GAP

    def document(self) -> dict[str, Any]:
        """Return what pictures_page/page.tsx draws; times are in milliseconds since 1970."""
        return {
            "title": self.title,
            "caption": self.caption,
            "from": _milliseconds(self.span.start),
            "to": _milliseconds(self.span.end),
            "panels": [
                {
                    "panel": data.panel,
                    "box": box(data.panel["gridPos"]),
                    "frames": [data_frame(each, self.span.step_seconds) for each in data.series],
                }
                for data in self.panels
            ],
        }


def box(place: Mapping[str, int]) -> dict[str, int]:
    """Return the pixels of a place on a dashboard's grid."""

    def column(number: int) -> int:
        return GAP + number * (WIDTH - GAP) // COLUMNS

    left = column(place["x"])
    return {
        "left": left,
        "top": HEADER + place["y"] * (ROW + GAP),
        "width": column(place["x"] + place["w"]) - GAP - left,
        "height": place["h"] * (ROW + GAP) - GAP,
    }


def data_frame(series: Series, step_seconds: float) -> dict[str, Any]:
    """Return a series as Grafana's Prometheus data source does: DataFrameJSON of @grafana/data.

    By the interval a gap in the data becomes a gap in the line.
    """
    time = {"name": "Time", "type": "time", "config": {"interval": _milliseconds(step_seconds)}}
    value = {"name": "Value", "type": "number", "config": {"displayNameFromDS": series.name}}
    times = [_milliseconds(time) for time in series.times]
    return {
        "schema": {"fields": [time, value]},
        "data": {"values": [times, list(series.values)]},
    }


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
