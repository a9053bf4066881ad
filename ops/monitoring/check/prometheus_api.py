"""Asks a Prometheus: https://prometheus.io/docs/prometheus/latest/querying/api/."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Span:
    """What to ask for: from `start` to `end`, in seconds since 1970, every `step_seconds`."""

    start: float
    end: float
    step_seconds: float


@dataclass(frozen=True)
class Series:
    """One line of a panel: what its legend calls it, and its finite values by time."""

    name: str
    times: Sequence[float]
    values: Sequence[float]


class Prometheus:
    """One server; raises httpx.HTTPError when it does not answer, or refuses the query."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def series(self, expr: str, legend: str, span: Span) -> list[Series]:
        """Return what an expression gave over a time, without what has no finite value."""
        parameters = {
            "query": expr,
            "start": f"{span.start:.3f}",
            "end": f"{span.end:.3f}",
            "step": f"{span.step_seconds:g}",
        }
        result = self._get("/api/v1/query_range", parameters)["result"]
        found = [read_series(item, legend) for item in result]
        return [series for series in found if series.values]

    def rules(self) -> list[dict[str, Any]]:
        """Return every rule with its health and, for alerts, its state."""
        groups = self._get("/api/v1/rules", {})["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def version(self) -> str:
        """Return the server's version."""
        return str(self._get("/api/v1/status/buildinfo", {})["version"])

    def _get(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        answer = self._client.get(path, params=parameters).raise_for_status()
        data: dict[str, Any] = answer.json()["data"]
        return data


def read_series(item: Mapping[str, Any], legend: str) -> Series:
    """Return one element of a matrix under the name that a legend's format gives it."""
    pairs = [(float(time), float(value)) for time, value in item["values"]]
    finite = [(time, value) for time, value in pairs if math.isfinite(value)]
    labels = item["metric"]
    name = re.sub(r"{{(\w+)}}", lambda match: str(labels.get(match[1], "")), legend)
    return Series(name, [time for time, _ in finite], [value for _, value in finite])
