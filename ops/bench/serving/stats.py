"""What a run measured, and the few numbers that are said of it."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """Latencies of the answers, and the time that all of them took."""

    latencies_seconds: list[float]
    elapsed_seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies_seconds) / self.elapsed_seconds

    @property
    def p50_seconds(self) -> float:
        return percentile(self.latencies_seconds, 50)


def percentile(values: list[float], percent: float) -> float:
    """Return the value below which `percent` of `values` lie (nearest rank); 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def median(values: list[float]) -> float:
    return statistics.median(values)
