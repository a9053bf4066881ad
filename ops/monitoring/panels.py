"""Grafana panels and dashboards in this system's manner, built with Grafana's foundation SDK."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from grafana_foundation_sdk.builders import common, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.models.common import (
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
)

from ops.monitoring.queries import Query

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
HEIGHT = 8
Look = Literal["lines", "shares", "steps", "number"]


@dataclass(frozen=True)
class Panel:
    """What a panel shows. `says` tells its reader what to make of it; `unit` is Grafana's id.

    Beyond `limit` something is wrong: a dashed line there, and a number that turns red.
    """

    title: str
    says: str
    unit: str
    queries: Sequence[Query]
    look: Look = "lines"
    width: int = 8
    limit: float | None = None


def build_dashboard(uid: str, title: str, panels: Sequence[Panel]) -> Dashboard:
    """Return a dashboard whose panels flow from left to right in the given order."""
    variable = dashboards.DatasourceVariable("datasource").label("Data source").type("prometheus")
    builder = (
        dashboards.Dashboard(title)
        .uid(uid)
        .tags(["complaints"])
        .readonly()
        .refresh("30s")
        .time("now-6h", "now")
        .timezone("utc")
        .with_variable(variable)
    )
    for number, panel in enumerate(panels, start=1):
        builder = builder.with_panel(_build(panel).id(number))
    return builder.build()


def _build(panel: Panel) -> Any:
    builder = _LOOKS[panel.look](panel)
    builder = (
        builder.title(panel.title)
        .description(panel.says)
        .datasource(SOURCE)
        .unit(panel.unit)
        .span(panel.width)
        .height(HEIGHT)
    )
    if panel.limit is not None:
        builder = builder.thresholds(_red_from(panel.limit))
    for letter, query in zip("ABCDEFGH", panel.queries, strict=False):
        target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend)
        builder = builder.with_target(target.ref_id(letter).range())
    return builder


def _lines(panel: Panel) -> timeseries.Panel:
    builder = (
        timeseries.Panel()
        .line_width(1)
        .fill_opacity(8)
        .min(0)
        .show_points(VisibilityMode.NEVER)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    if panel.limit is not None:
        dashed = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        builder = builder.thresholds_style(dashed).axis_soft_max(panel.limit)
    return builder


def _shares(panel: Panel) -> timeseries.Panel:
    stacked = common.StackingConfig().mode(StackingMode.NORMAL).group("A")
    return _lines(panel).fill_opacity(60).max(1).stacking(stacked)


def _steps(panel: Panel) -> statetimeline.Panel:
    return statetimeline.Panel().show_value(VisibilityMode.NEVER).legend(_legend())


def _number(panel: Panel) -> stat.Panel:
    return stat.Panel()


def _red_from(limit: float) -> dashboards.ThresholdsConfig:
    steps = [Threshold(None, "green"), Threshold(limit, "red")]
    return dashboards.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(True)
    )


_LOOKS: dict[Look, Callable[[Panel], Any]] = {
    "lines": _lines,
    "shares": _shares,
    "steps": _steps,
    "number": _number,
}
