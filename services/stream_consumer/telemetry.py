"""What an invocation tells: one log line, metrics in CloudWatch's embedded format, no narrative.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
"""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from libs.metrics.contract import (
    BATCH_SECONDS,
    END_TO_END_SECONDS,
    ITERATOR_AGE_SECONDS,
    RECORDS,
)
from services.stream_consumer.outcome import Outcome

NAMESPACE = "complaints"
SERVICE = "stream_consumer"
_MAX_NAMED_REJECTIONS = 20


class Telemetry:
    """Powertools' logger and metrics under one roof."""

    def __init__(self, logger: Logger, metrics: Metrics) -> None:
        self._logger = logger
        self._metrics = metrics

    def batch_done(self, outcome: Outcome, batch_seconds: float, age_seconds: float) -> None:
        """Log and measure one finished invocation."""
        self._log(outcome)
        self._count(outcome)
        self._metrics.add_metric(BATCH_SECONDS.name, MetricUnit.Seconds, batch_seconds)
        self._metrics.add_metric(ITERATOR_AGE_SECONDS.name, MetricUnit.Seconds, age_seconds)
        for seconds in outcome.end_to_end_seconds:
            self._metrics.add_metric(END_TO_END_SECONDS.name, MetricUnit.Seconds, seconds)
        self._metrics.flush_metrics()

    def _log(self, outcome: Outcome) -> None:
        facts = {**_counts(outcome), "calls": outcome.calls, "faults": sorted(set(outcome.faults))}
        level = self._logger.warning if outcome.failures else self._logger.info
        level("batch done", extra=facts)
        for rejection in outcome.rejections[:_MAX_NAMED_REJECTIONS]:
            facts = {"event_id": rejection.record.event_id, "reason": rejection.reason}
            self._logger.warning("record rejected", extra=facts)

    def _count(self, outcome: Outcome) -> None:
        for name, count in _counts(outcome).items():
            if count:
                with single_metric(
                    name=RECORDS.name, unit=MetricUnit.Count, value=count, namespace=NAMESPACE
                ) as metric:
                    metric.add_dimension("service", SERVICE)
                    metric.add_dimension("outcome", name)


def _counts(outcome: Outcome) -> dict[str, int]:
    return {
        "logged": outcome.logged,
        "rejected": outcome.rejected,
        "repeated": outcome.repeated,
        "handed_back": outcome.handed_back,
    }
