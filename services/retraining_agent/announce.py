"""Tells the outside what was decided: event bus, webhook, push gateway, none of them essential."""

import urllib.request
from collections.abc import Callable, Sequence

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, push_to_gateway

from libs.metrics.contract import CHAMPION_INFO, DECISIONS, DRIFT_PSI
from services.retraining_agent.errors import AgentError
from services.retraining_agent.surface import DecisionDocument

_TIMEOUT_SECONDS = 5
_JOB = "retraining_agent"

Announce = Callable[[DecisionDocument], None]


def announcer(tellers: Sequence[Announce], complain: Callable[[str], None]) -> Announce:
    """Return what tells all of them; one that fails is complained of and stops no other."""

    def announce(decision: DecisionDocument) -> None:
        for tell in tellers:
            try:
                tell(decision)
            except (AgentError, OSError, ValueError) as error:
                complain(f"the decision could not be announced: {error}")

    return announce


def webhook(url: str) -> Announce:
    """Return what posts a decision as JSON; raises OSError or ValueError when it fails."""

    def tell(decision: DecisionDocument) -> None:
        request = urllib.request.Request(
            url,
            data=msgspec.json.encode(decision),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):
            pass

    return tell


def push_gateway(url: str) -> Announce:
    """Return what pushes the metrics of a decision; raises OSError or ValueError when it fails."""

    def tell(decision: DecisionDocument) -> None:
        push_to_gateway(url, _JOB, metrics_of(decision), timeout=_TIMEOUT_SECONDS)

    return tell


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
