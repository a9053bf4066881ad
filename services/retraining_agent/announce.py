"""Tells the outside what was decided: a webhook and a push gateway, neither of them essential."""

import urllib.error
import urllib.request
from collections.abc import Callable

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, push_to_gateway

from libs.metrics.contract import CHAMPION_INFO, DECISIONS, DRIFT_PSI
from services.retraining_agent.surface import DecisionDocument

_TIMEOUT_SECONDS = 5
_JOB = "retraining_agent"

Announce = Callable[[DecisionDocument], None]


def announcer(webhook_url: str, pushgateway_url: str, complain: Callable[[str], None]) -> Announce:
    """Return what tells of a decision; failing to tell is complained of and changes nothing."""

    def announce(decision: DecisionDocument) -> None:
        try:
            if webhook_url:
                _post(webhook_url, decision)
            if pushgateway_url:
                push_to_gateway(
                    pushgateway_url, _JOB, metrics_of(decision), timeout=_TIMEOUT_SECONDS
                )
        except (OSError, ValueError) as error:
            complain(f"the decision could not be announced: {error}")

    return announce


def metrics_of(decision: DecisionDocument) -> CollectorRegistry:
    """Return the agent's metrics after one round."""
    registry = CollectorRegistry()
    name, labels = DECISIONS.name.removesuffix("_total"), DECISIONS.labels
    Counter(name, DECISIONS.description, labels, registry=registry).labels(decision.decision).inc()
    champion = Gauge(
        CHAMPION_INFO.name, CHAMPION_INFO.description, CHAMPION_INFO.labels, registry=registry
    )
    champion.labels(decision.champion_version, decision.champion_digest).set(1)
    drift = Gauge(DRIFT_PSI.name, DRIFT_PSI.description, DRIFT_PSI.labels, registry=registry)
    for feature, value in decision.drift_psi.items():
        drift.labels(feature).set(value)
    return registry


def _post(url: str, decision: DecisionDocument) -> None:
    request = urllib.request.Request(
        url,
        data=msgspec.json.encode(decision),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):
        pass
