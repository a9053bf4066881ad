"""Draws a dashboard's panels from the data that a real Prometheus gave for them.

Drawn with matplotlib, neither by a Grafana server nor with Grafana's panel library.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from ops.monitoring.check.prometheus_api import Series
from ops.monitoring.panels import Panel

GRID_COLUMNS = 24
WIDTH_INCHES, ROW_INCHES, DPI = 15.0, 2.7, 72
BACKGROUND, FOREGROUND, GRID = "#181b1f", "#ccccdc", "#33363b"
COLOURS = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#b877d9", "#5794f2", "#ffb357")
CAPTION = (
    "Drawn with matplotlib by ops/monitoring/check from the answers of a Prometheus that scraped "
    "the demo; Grafana draws the same queries in its own way."
)


@dataclass(frozen=True)
class PanelData:
    """A panel, and the series that each of its queries gave."""

    panel: Panel
    answers: Sequence[Sequence[Series]]

    @property
    def series(self) -> list[Series]:
        return [series for answer in self.answers for series in answer]


def draw_dashboard(title: str, panels: Sequence[PanelData], path: Path) -> None:
    """Write a PNG with every panel where the dashboard has it."""
    places = _flow([data.panel.width for data in panels])
    rows = places[-1][0] + 1
    path.parent.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(WIDTH_INCHES, ROW_INCHES * rows + 0.7), dpi=DPI, facecolor=BACKGROUND)
    grid = GridSpec(rows, GRID_COLUMNS, figure=figure)
    start = min((series.times[0] for data in panels for series in data.series), default=0.0)
    for data, (row, column) in zip(panels, places, strict=True):
        axes = figure.add_subplot(grid[row, column : column + data.panel.width])
        _draw(axes, data, start)
    figure.suptitle(title, color=FOREGROUND, fontsize=13, x=0.01, ha="left")
    figure.text(0.01, 0.02, CAPTION, color=FOREGROUND, fontsize=8)
    edge = 0.35 / figure.get_figheight()
    figure.subplots_adjust(0.035, 1.6 * edge, 0.99, 1 - 1.9 * edge, wspace=2.2, hspace=0.3)
    figure.savefig(path, facecolor=BACKGROUND)


def _flow(widths: Sequence[int]) -> list[tuple[int, int]]:
    """Return row and column of panels that follow each other from left to right."""
    places, row, column = [], 0, 0
    for width in widths:
        if column + width > GRID_COLUMNS:
            row, column = row + 1, 0
        places.append((row, column))
        column += width
    return places


def _draw(axes: Axes, data: PanelData, start: float) -> None:
    axes.set_facecolor(BACKGROUND)
    axes.set_title(data.panel.title, color=FOREGROUND, fontsize=9, loc="left")
    axes.tick_params(colors=FOREGROUND, labelsize=7)
    for spine in axes.spines.values():
        spine.set_color(GRID)
    if data.panel.look == "number":
        _draw_number(axes, data)
    elif data.panel.look == "steps":
        _draw_steps(axes, data.series, start)
    else:
        _draw_lines(axes, data, start)


def _draw_lines(axes: Axes, data: PanelData, start: float) -> None:
    axes.grid(color=GRID, linewidth=0.5)
    bottom: dict[float, float] = {}
    for series, colour in zip(data.series, COLOURS * 4, strict=False):
        times = [time - start for time in series.times]
        if data.panel.look == "shares":
            low = [bottom.get(time, 0.0) for time in series.times]
            high = [base + value for base, value in zip(low, series.values, strict=True)]
            axes.fill_between(times, low, high, color=colour, alpha=0.7, label=series.name)
            bottom.update(zip(series.times, high, strict=True))
        else:
            axes.plot(times, series.values, color=colour, linewidth=1.1, label=series.name)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(_unit(data.panel.unit), color=FOREGROUND, fontsize=7)
    if data.series:
        look = {"facecolor": BACKGROUND, "edgecolor": GRID, "labelcolor": FOREGROUND}
        axes.legend(fontsize=6.5, ncols=2, loc="upper left", **look)


def _draw_steps(axes: Axes, series: Sequence[Series], start: float) -> None:
    for row, (each, colour) in enumerate(zip(series, COLOURS * 4, strict=False)):
        step = min((b - a for a, b in pairwise(each.times)), default=1.0)
        bars = [(time - start, step) for time in each.times]
        axes.broken_barh(bars, (row - 0.3, 0.6), color=colour)
        place = axes.get_yaxis_transform()
        axes.text(0.01, row + 0.4, each.name, color=FOREGROUND, fontsize=7, transform=place)
    axes.set_yticks([])
    axes.set_ylim(-1, max(len(series), 2))
    axes.set_xlim(left=0)


def _draw_number(axes: Axes, data: PanelData) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    text = f"{data.series[0].values[-1]:.0f} {_unit(data.panel.unit)}" if data.series else "-"
    axes.text(0.5, 0.5, text, color=COLOURS[0], fontsize=30, ha="center", va="center")


def _unit(unit: str) -> str:
    return {"reqps": "req/s", "ops": "1/s", "percentunit": "share", "none": ""}.get(unit, unit)
