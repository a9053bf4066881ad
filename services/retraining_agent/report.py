"""The evidence as one self-contained HTML page, plots drawn as SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import jinja2

from services.retraining_agent.decide import Decision
from services.retraining_agent.gather import Gathered
from services.retraining_agent.intervals import Estimate
from services.retraining_agent.traffic_profile import CONFIDENCE_EDGES, LENGTH_EDGES, Profile

_TEMPLATE = Path(__file__).with_name("report.html.j2")
_WIDTH, _HEIGHT, _FOOT, _HEAD = 640, 190, 34, 16
_COLOURS = {"reference": "#b9c3d3", "traffic": "#3569b5"}


@dataclass(frozen=True)
class Chart:
    """A plot and what it shows."""

    caption: str
    svg: str


def render_report(gathered: Gathered, decision: Decision) -> str:
    """Return the page."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["interval"] = _interval
    environment.filters["score"] = _score
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(evidence=gathered.evidence, decision=decision, charts=_charts(gathered))


def bar_chart(names: Sequence[str], series: Mapping[str, Sequence[float]]) -> str:
    """Return an SVG of grouped bars; heights are shares, one colour a series."""
    top = max((value for values in series.values() for value in values), default=0) or 1
    slot = _WIDTH / max(1, len(names))
    bar = slot * 0.8 / max(1, len(series))
    parts = []
    for index, (name, values) in enumerate(series.items()):
        for position, value in enumerate(values):
            height = value / top * (_HEIGHT - _FOOT - _HEAD)
            x, y = position * slot + slot * 0.1 + index * bar, _HEIGHT - _FOOT - height
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{bar:.1f}" height="{height:.1f}" '
                f'fill="{_COLOURS[name]}"><title>{name}: {value:.1%}</title></rect>'
            )
    for position, label in enumerate(names):
        x = (position + 0.5) * slot
        parts.append(
            f'<text x="{x:.1f}" y="{_HEIGHT - _FOOT + 14}" text-anchor="middle">'
            f"{escape(label)}</text>"
        )
    parts.append(f'<text x="2" y="11">highest bar {top:.1%}</text>')
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">{"".join(parts)}</svg>'


def _charts(gathered: Gathered) -> list[Chart]:
    profiles = {"traffic": gathered.traffic}
    if gathered.reference is not None:
        profiles = {"reference": gathered.reference, **profiles}
    labels = list(gathered.traffic.label_counts)

    def chart(what: str, names: Sequence[str], counts: str) -> Chart:
        series = {name: _shares(profile, counts) for name, profile in profiles.items()}
        legend = "reference grey, " if len(series) > 1 else ""
        return Chart(f"{what}: {legend}traffic blue", bar_chart(names, series))

    return [
        chart("Predicted labels", labels, "label_counts"),
        chart("Confidence", _ranges(CONFIDENCE_EDGES), "confidence_counts"),
        chart("Characters of a narrative", _ranges(LENGTH_EDGES), "length_counts"),
    ]


def _shares(profile: Profile, counts: str) -> list[float]:
    found = getattr(profile, counts)
    values = list(found.values()) if isinstance(found, dict) else found
    return [value / max(1, profile.rows) for value in values]


def _ranges(edges: Sequence[float]) -> list[str]:
    return [*(f"< {edge:g}" for edge in edges), f"{edges[-1]:g} +"]


def _interval(estimate: Estimate | None) -> str:
    if estimate is None:
        return "no rows"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f}, n {estimate.rows})"


def _score(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"
