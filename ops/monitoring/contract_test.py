"""What is exported is used, and what is asked for is exported."""

import re
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry

from libs.metrics.contract import CONSUMER_METRICS
from ops.local.monitor.embedded_metrics import EmbeddedMetrics
from ops.monitoring.expressions import (
    CLOUDWATCH_RULES,
    NATIVE_RULES,
    Expression,
    panel_expressions,
    recorded,
    rule_expressions,
    rules,
)
from services.retraining_agent.announce import metrics_of
from services.retraining_agent.policy import TriggerPolicy
from services.retraining_agent.surface import DecisionDocument
from services.serving.metrics import ServingMetrics

FROM_THE_GATEWAY = {"push_time_seconds"}
DECISION = DecisionDocument(
    decided_at=datetime(2026, 1, 1, tzinfo=UTC),
    decision="do_nothing",
    reason="calm",
    triggers=[],
    holds=[],
    run_id=None,
    step=None,
    verdict="",
    champion_version="1",
    champion_digest="a" * 64,
    drift_psi={"label_mix": 0.02},
    evidence_key="e",
    report_key="r",
    awaits_approval=None,
)
EXPRESSIONS = [*panel_expressions(), *(e for name in NATIVE_RULES for e in rule_expressions(name))]
RECORDED = {series for name in NATIVE_RULES for series in recorded(name)}


def exported_series() -> dict[str, set[str]]:
    """Return each metric that the services' own code registers, with the series it consists of."""
    serving, consumer = CollectorRegistry(), CollectorRegistry()
    ServingMetrics(serving)
    EmbeddedMetrics(CONSUMER_METRICS, consumer)
    families = [
        family
        for registry in (serving, consumer, metrics_of(DECISION))
        for family in registry.collect()
    ]
    endings = {
        "counter": ("_total",),
        "gauge": ("",),
        "histogram": ("_bucket", "_count", "_sum"),
    }
    return {
        family.name: {family.name + ending for ending in endings[family.type]}
        for family in families
    }


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda expression: expression.place)
def test_a_panel_or_rule_asks_only_for_what_is_exported_or_recorded(
    expression: Expression,
) -> None:
    exported = {series for names in exported_series().values() for series in names}

    asked = expression.series()

    assert asked
    assert asked <= exported | RECORDED | FROM_THE_GATEWAY


def test_every_exported_metric_is_used_by_a_panel_or_an_alert() -> None:
    asked = {series for expression in EXPRESSIONS for series in expression.series()}

    unused = [name for name, series in exported_series().items() if not series & asked]

    assert unused == []


def test_every_recorded_series_is_used() -> None:
    asked = {series for expression in EXPRESSIONS for series in expression.series()}

    assert asked >= RECORDED


def test_cloudwatch_gives_the_same_series_as_the_consumer() -> None:
    exported = {metric.name for metric in CONSUMER_METRICS}

    asked = {s for e in rule_expressions(CLOUDWATCH_RULES) for s in e.series()}

    assert recorded(CLOUDWATCH_RULES) == recorded("stream.yml")
    assert {re.sub(r"^complaints_|_(sum|maximum|p\d+)$", "", name) for name in asked} == exported


def test_the_drift_alert_has_the_bounds_of_the_agents_policy() -> None:
    policy = TriggerPolicy()
    bounds = {
        "narrative_length": policy.max_psi_length,
        "label_mix": policy.max_psi_label,
        "confidence": policy.max_psi_confidence,
        "vocabulary": policy.max_js_vocabulary,
    }

    (alert,) = (rule for rule in rules("alerts.yml") if rule.get("alert") == "ModelDrift")

    found = re.findall(r'feature="(\w+)"} > ([\d.]+)', alert["expr"])
    assert {feature: float(bound) for feature, bound in found} == bounds
