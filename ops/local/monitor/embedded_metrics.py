"""CloudWatch's part for metrics: reads them from a function's log and serves them to Prometheus.

The consumer writes the embedded metric format to its standard output, as on AWS:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from libs.metrics.contract import CONSUMER_METRICS, Metric
from ops.local.cloud.processes import LOOPBACK

LOOK_SECONDS = 0.5


class EmbeddedMetrics:
    """Counts what log lines tell of the given metrics; other lines mean nothing to it."""

    def __init__(self, metrics: Sequence[Metric], registry: CollectorRegistry) -> None:
        self._metrics = {metric.name: metric for metric in metrics}
        self._collectors = {metric.name: _collector(metric, registry) for metric in metrics}

    def add(self, line: str) -> None:
        """Take one log line into account."""
        for name, document in _metric_documents(line):
            if name in self._metrics:
                self._observe(name, document)

    def _observe(self, name: str, document: dict[str, Any]) -> None:
        metric, collector = self._metrics[name], self._collectors[name]
        values = document[name] if isinstance(document[name], list) else [document[name]]
        labels = [str(document[label]) for label in metric.labels]
        child = collector.labels(*labels) if labels else collector
        for value in values:
            if isinstance(child, Counter):
                child.inc(value)
            elif isinstance(child, Gauge):
                child.set(value)
            else:
                child.observe(value)


class LogFile:
    """Yields whole lines as they are appended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0

    def new_lines(self) -> Iterator[str]:
        """Yield the lines that were ended since the last call; none while there is no file."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._position)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._position += len(line)
                yield line.decode(errors="replace")


def _metric_documents(line: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if '"_aws"' not in line:
        return
    try:
        document = json.loads(line)
        directives = document["_aws"]["CloudWatchMetrics"]
    except (ValueError, KeyError, TypeError):
        return
    for directive in directives:
        for definition in directive["Metrics"]:
            yield definition["Name"], document


def _collector(metric: Metric, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    if metric.kind == "histogram":
        return Histogram(
            metric.name,
            metric.description,
            metric.labels,
            buckets=metric.buckets,
            registry=registry,
        )
    kind = Counter if metric.kind == "counter" else Gauge
    return kind(metric.name, metric.description, metric.labels, registry=registry)


def main(log_path: str, port: str) -> None:
    """Serve the consumer's metrics of `log_path` on a loopback port until SIGTERM."""
    stopped = Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stopped.set())
    registry = CollectorRegistry()
    metrics, log = EmbeddedMetrics(CONSUMER_METRICS, registry), LogFile(Path(log_path))
    start_http_server(int(port), LOOPBACK, registry)
    while not stopped.wait(LOOK_SECONDS):
        for line in log.new_lines():
            metrics.add(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
