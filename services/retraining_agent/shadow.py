"""A candidate that answers copies of the champion's requests, and nobody sees what it says.

The port to what mirrors requests, and the pure judgement of what was measured meanwhile.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.retraining_agent.deployment import DeployStatus, Release
from services.retraining_agent.policy import PromotionPolicy


@dataclass(frozen=True)
class VariantTraffic:
    """What one model did with its requests."""

    requests: int
    errors: int
    """Answers of 500 and above."""
    mean_latency_seconds: float


@dataclass(frozen=True)
class ShadowTraffic:
    """The champion, and the candidate in its shadow, in the same time."""

    champion: VariantTraffic
    candidate: VariantTraffic


class ShadowDeployment(Protocol):
    """Mirrors requests to a candidate. May raise TransientError."""

    def advance(self, candidate: Release, champion: Release) -> DeployStatus:
        """Serve the champion and mirror to the candidate; asking again does nothing."""

    def traffic(self, since: datetime, until: datetime) -> ShadowTraffic:
        """Return what both did between two moments."""


def shadow_fault(traffic: ShadowTraffic, policy: PromotionPolicy) -> str | None:
    """Return why a candidate must not be served, None when nothing speaks against it."""
    champion, candidate = traffic.champion, traffic.candidate
    if candidate.requests == 0:
        return "no request reached it"
    share = candidate.errors / candidate.requests
    if share > policy.max_shadow_error_share:
        return f"{share:.1%} of its answers were errors"
    ratio = candidate.mean_latency_seconds / max(champion.mean_latency_seconds, 1e-9)
    if champion.requests and ratio > policy.max_bake_latency_ratio:
        return f"an answer takes {ratio:.1f} times as long"
    return None
