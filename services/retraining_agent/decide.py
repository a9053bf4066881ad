"""Decides whether to retrain: a pure function of evidence and policy."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from services.retraining_agent.drift import Drift
from services.retraining_agent.evidence import Evidence, History, Window
from services.retraining_agent.policy import Policy, TimingPolicy, TriggerPolicy


@dataclass(frozen=True)
class Decision:
    """What shall be done and why; `holds` are the reasons against what the triggers ask for."""

    decision: Literal["do_nothing", "retrain"]
    reason: str
    triggers: tuple[str, ...]
    holds: tuple[str, ...]


def decide(evidence: Evidence, policy: Policy, request: str | None = None) -> Decision:
    """Decide; `request` is a person's reason to ask for a retraining.

    A request replaces triggers and does not wait for the hour, but never passes the other holds:
    a poisoned log stays poisoned.
    """
    triggers = tuple(_triggers(evidence, policy.triggers))
    if request:
        triggers = (f"a person asked for it: {request}", *triggers)
    holds = (
        *_too_little(evidence, policy.triggers),
        *_distrust(evidence, policy),
        *_budget(evidence.history, policy.timing),
        *(() if request else _waiting(evidence, policy.timing)),
    )
    if not triggers:
        return Decision("do_nothing", f"nothing is due: {_state(evidence)}", (), holds)
    if holds:
        reason = f"{triggers[0]}, but {'; '.join(holds)}"
        return Decision("do_nothing", reason, triggers, holds)
    return Decision("retrain", "; ".join(triggers), triggers, ())


def _state(evidence: Evidence) -> str:
    return (
        f"{evidence.traffic.rows} rows by {evidence.champion.version}, "
        f"{evidence.reviews.new} new reviews, no bound of the policy is passed"
    )


def _triggers(evidence: Evidence, policy: TriggerPolicy) -> Iterator[str]:
    if evidence.reviews.new >= policy.min_new_reviews:
        yield f"{evidence.reviews.new} new reviews, {policy.min_new_reviews} are enough"
    yield from _quality_triggers(evidence, policy)
    yield from _drift_triggers(evidence, policy)
    if evidence.champion.age_days > policy.max_age_days:
        yield f"the champion is {evidence.champion.age_days:.0f} days old"


def _quality_triggers(evidence: Evidence, policy: TriggerPolicy) -> Iterator[str]:
    reviewed, champion = evidence.reviewed_accuracy, evidence.champion
    if reviewed.rows < policy.min_reviews_to_judge:
        return
    f1 = reviewed.macro_f1
    is_covered = reviewed.covered_share >= policy.min_covered_share
    if f1 is not None and is_covered and f1.high < champion.holdout_macro_f1:
        yield (
            f"reviewed macro F1 is {f1.value:.3f} ({f1.low:.3f} to {f1.high:.3f}), "
            f"the champion's was {champion.holdout_macro_f1:.3f}"
        )
    accuracy, claimed = reviewed.accuracy, reviewed.claimed_accuracy
    if accuracy and claimed and claimed - accuracy.high > policy.max_overconfidence:
        yield (
            f"of {reviewed.rows} reviewed rows {accuracy.value:.1%} were right, "
            f"the champion claimed {claimed:.1%}"
        )


def _drift_triggers(evidence: Evidence, policy: TriggerPolicy) -> Iterator[str]:
    measured = [window for window in evidence.windows if window.is_complete and window.drift]
    recent = measured[-policy.drift_windows :]
    if len(recent) < policy.drift_windows:
        return
    shifted = set.intersection(*(_shifted_features(window, policy) for window in recent))
    for feature in sorted(shifted):
        yield f"{feature} has drifted over its bound for {policy.drift_windows} windows"


def _shifted_features(window: Window, policy: TriggerPolicy) -> set[str]:
    return set() if window.drift is None else drifted(window.drift, policy)


def drifted(drift: Drift, policy: TriggerPolicy) -> set[str]:
    """Return the features over their bound and over what chance alone would show."""
    bounds = {
        "narrative length": (drift.psi_length, policy.max_psi_length, drift.psi_length_noise),
        "label mix": (drift.psi_label, policy.max_psi_label, drift.psi_label_noise),
        "confidence": (
            drift.psi_confidence,
            policy.max_psi_confidence,
            drift.psi_confidence_noise,
        ),
        "vocabulary": (drift.js_vocabulary, policy.max_js_vocabulary, 0.0),
    }
    return {name for name, (value, bound, noise) in bounds.items() if value > max(bound, noise)}


def _too_little(evidence: Evidence, policy: TriggerPolicy) -> Iterator[str]:
    if evidence.reviews.new < policy.min_reviews_to_train:
        yield (
            f"there are {evidence.reviews.new} new reviews to learn from: "
            f"expected at least {policy.min_reviews_to_train}"
        )


def _distrust(evidence: Evidence, policy: Policy) -> Iterator[str]:
    bounds, quality, reviews = policy.bounds, evidence.quality, evidence.reviews
    corrupt = quality.corrupt_objects / max(1, quality.log_objects)
    if corrupt > bounds.max_corrupt_objects_share:
        yield f"{corrupt:.1%} of the log's objects are corrupt"
    orphans = reviews.orphans / max(1, reviews.total)
    if orphans > bounds.max_orphan_reviews_share:
        yield f"{orphans:.1%} of the reviews belong to no logged decision"
    if not reviews.new:
        return
    reviewer, count = max(reviews.new_by_reviewer.items(), key=lambda item: (item[1], item[0]))
    if count / reviews.new > bounds.max_share_of_one_reviewer:
        yield f"{count / reviews.new:.0%} of the new reviews are by one reviewer, {reviewer!r}"
    for name, deviation in reviews.deviation_by_reviewer.items():
        if deviation > bounds.max_reviewer_deviation:
            yield f"reviewer {name!r} labels unlike the others, by {deviation:.2f}"
    if reviews.new_label_shift > bounds.max_reviewed_label_shift:
        yield f"the new reviews move {reviews.new_label_shift:.0%} of their rows between labels"
    if reviews.new_relabelled_share > bounds.max_relabelled_share:
        yield f"the new reviews contradict {reviews.new_relabelled_share:.0%} of the decisions"


def _budget(history: History, policy: TimingPolicy) -> Iterator[str]:
    if history.retrainings_in_budget >= policy.max_retrainings:
        yield (
            f"{history.retrainings_in_budget} retrainings within {policy.budget_days} days "
            "are the budget"
        )


def _waiting(evidence: Evidence, policy: TimingPolicy) -> Iterator[str]:
    last = evidence.history.last_retraining_at
    if last is not None and evidence.gathered_at - last < timedelta(hours=policy.cool_down_hours):
        yield f"the last retraining began {last.isoformat(timespec='minutes')}: it cools down"
    if is_quiet(evidence.gathered_at.hour, policy):
        yield f"{evidence.gathered_at:%H:%M} UTC is within the quiet hours"


def is_quiet(hour: int, policy: TimingPolicy) -> bool:
    """Say whether an hour of the day lies within the quiet ones, which may span midnight."""
    start, end = policy.quiet_from_hour, policy.quiet_to_hour
    return start <= hour < end if start <= end else hour >= start or hour < end
