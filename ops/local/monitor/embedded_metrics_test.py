import io
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from aws_lambda_powertools import Logger, Metrics
from prometheus_client import CollectorRegistry

from libs.metrics.contract import CONSUMER_METRICS
from ops.local.monitor.embedded_metrics import EmbeddedMetrics, LogFile
from services.stream_consumer.outcome import Outcome
from services.stream_consumer.telemetry import NAMESPACE, SERVICE, Telemetry


@pytest.fixture
def log() -> str:
    """What the consumer writes in two invocations: metrics and, between them, log lines."""
    output = io.StringIO()
    with redirect_stdout(output):
        telemetry = Telemetry(
            Logger(service=SERVICE, stream=output), Metrics(namespace=NAMESPACE, service=SERVICE)
        )
        telemetry.batch_done(Outcome(logged=250, end_to_end_seconds=[0.4] * 250), 0.5, 3.0)
        telemetry.batch_done(Outcome(logged=2, rejected=1, end_to_end_seconds=[1.5] * 2), 0.1, 1.5)
    return output.getvalue()


def test_what_the_consumer_tells_cloudwatch_is_what_prometheus_gets(log: str) -> None:
    registry = CollectorRegistry()
    metrics = EmbeddedMetrics(CONSUMER_METRICS, registry)

    for line in log.splitlines():
        metrics.add(line)

    value = registry.get_sample_value
    assert value("complaints_records_total", {"outcome": "logged"}) == 252
    assert value("complaints_records_total", {"outcome": "rejected"}) == 1
    assert value("complaints_iterator_age_seconds") == 1.5
    assert value("complaints_end_to_end_seconds_count") == 252
    assert value("complaints_end_to_end_seconds_bucket", {"le": "0.5"}) == 250
    assert value("complaints_batch_seconds_count") == 2


@pytest.mark.parametrize(
    "line", ['{"message": "batch done"}', 'cut {"_aws"', '{"_aws": 1}', "", '"_aws"']
)
def test_a_line_without_metrics_means_nothing(line: str) -> None:
    registry = CollectorRegistry()

    EmbeddedMetrics(CONSUMER_METRICS, registry).add(line)

    assert registry.get_sample_value("complaints_batch_seconds_count") == 0


def test_a_log_is_read_once_and_only_by_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "function.log"
    log = LogFile(path)
    before = list(log.new_lines())
    path.write_text("one\ntw")
    first = list(log.new_lines())
    path.write_text("one\ntwo\n")

    second = list(log.new_lines())

    assert (before, first, second) == ([], ["one\n"], ["two\n"])
