import re

import pytest

from libs.metrics.contract import (
    AGENT_METRICS,
    CONSUMER_METRICS,
    LATENCY_BUCKETS_SECONDS,
    SERVING_METRICS,
    Metric,
)

ALL_METRICS = (*SERVING_METRICS, *CONSUMER_METRICS, *AGENT_METRICS)


@pytest.mark.parametrize("metric", ALL_METRICS, ids=lambda metric: metric.name)
def test_a_metric_has_the_prefix_and_the_ending_of_its_kind(metric: Metric) -> None:
    assert re.fullmatch(r"complaints_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert bool(metric.buckets) == (metric.kind == "histogram")


def test_no_two_metrics_share_a_name() -> None:
    names = [metric.name for metric in ALL_METRICS]

    assert len(set(names)) == len(names)


def test_latency_buckets_include_those_of_the_contract_in_rising_order() -> None:
    required = {0.005, 0.010, 0.015, 0.025, 0.050, 0.100, 0.220, 0.500, 1.0, 2.0}

    assert required <= set(LATENCY_BUCKETS_SECONDS)
    assert list(LATENCY_BUCKETS_SECONDS) == sorted(LATENCY_BUCKETS_SECONDS)
