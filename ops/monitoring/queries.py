"""PromQL that panels share; the window is Grafana's variable, which fits the scrape interval."""

from collections.abc import Iterable
from dataclasses import dataclass

from libs.metrics.contract import Metric

WINDOW = "$__rate_interval"


@dataclass(frozen=True)
class Query:
    """One expression of a panel; `legend` names its series, with labels in double braces."""

    expr: str
    legend: str


def rate(metric: Metric, by: str = "", where: str = "") -> str:
    """Return the sum of a counter's rate a second, by a label if one is given."""
    return _summed(f"{metric.name}{_matchers(where)}", by)


def quantile(share: float, metric: Metric, by: str = "", where: str = "") -> str:
    """Return a quantile of a histogram; `by` keeps a label apart."""
    labels = f"{by}, le" if by else "le"
    buckets = _summed(f"{metric.name}_bucket{_matchers(where)}", labels)
    return f"histogram_quantile({share:g}, {buckets})"


def quantiles(
    shares: Iterable[float], metric: Metric, by: str = "", where: str = ""
) -> list[Query]:
    """Return one query a quantile, whose legend says which it is."""
    label = f"{{{{{by}}}}} " if by else ""
    return [
        Query(quantile(share, metric, by, where), f"{label}p{share * 100:g}") for share in shares
    ]


def ratio(part: str, whole: str) -> str:
    """Return a share, one for each group of `part`."""
    return f"{part} / on () group_left () {whole}"


def busy(metric: Metric) -> str:
    """Return how many seconds a second a timed thing took: what it keeps busy."""
    return _summed(f"{metric.name}_sum", "")


def _summed(selector: str, by: str) -> str:
    group = f" by ({by}) " if by else ""
    return f"sum{group}(rate({selector}[{WINDOW}]))"


def _matchers(where: str) -> str:
    return f"{{{where}}}" if where else ""
