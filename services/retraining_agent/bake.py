"""Watches a deployed candidate through its own log rows: wait, go on, or go back. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.drift import psi, psi_noise
from services.retraining_agent.policy import PromotionPolicy
from services.retraining_agent.traffic_profile import Profile


@dataclass(frozen=True)
class Watched:
    """What one model's log rows show."""

    profile: Profile
    mean_confidence: float
    mean_latency_seconds: float


@dataclass(frozen=True)
class BakeVerdict:
    """What to do with the candidate, and why."""

    verdict: Literal["wait", "commit", "roll_back"]
    reason: str


def judge_bake(
    champion: Watched, candidate: Watched, elapsed: timedelta, policy: PromotionPolicy
) -> BakeVerdict:
    """Judge a candidate by its traffic beside the champion's before it."""
    if candidate.profile.rows < policy.bake_min_rows:
        return BakeVerdict("wait", f"{candidate.profile.rows} rows so far")
    if champion.profile.rows and candidate.profile.rows:
        fault = _fault(champion, candidate, policy)
        if fault is not None:
            return BakeVerdict("roll_back", fault)
    if elapsed < timedelta(minutes=policy.bake_minutes):
        return BakeVerdict("wait", f"{policy.bake_minutes} minutes have not passed")
    return BakeVerdict("commit", f"{candidate.profile.rows} rows without a fault")


def _fault(champion: Watched, candidate: Watched, policy: PromotionPolicy) -> str | None:
    drop = champion.mean_confidence - candidate.mean_confidence
    if drop > policy.max_bake_confidence_drop:
        return f"mean confidence fell by {drop:.3f}"
    ratio = candidate.mean_latency_seconds / max(champion.mean_latency_seconds, 1e-9)
    if ratio > policy.max_bake_latency_ratio:
        return f"an answer takes {ratio:.1f} times as long"
    shift = psi(_labels(champion.profile), _labels(candidate.profile))
    noise = psi_noise(len(LABEL_SCHEMA), champion.profile.rows, candidate.profile.rows)
    if shift > max(policy.max_bake_psi_label, noise):
        return f"the label mix shifted by a PSI of {shift:.2f}"
    return None


def _labels(profile: Profile) -> list[int]:
    return [profile.label_counts.get(name, 0) for name in LABEL_SCHEMA.names]
