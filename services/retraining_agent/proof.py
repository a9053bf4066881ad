"""Judges whether a candidate is proven better than the champion: pure, by the proof policy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.retraining_agent.compare import Comparison
from services.retraining_agent.holdout_scores import HoldoutScores
from services.retraining_agent.policy import ProofPolicy


@dataclass(frozen=True)
class ProofFacts:
    """What was measured of champion and candidate on the same rows and machine."""

    holdout: Comparison
    recent: Comparison | None
    champion: HoldoutScores
    candidate: HoldoutScores
    champion_seconds: float
    candidate_seconds: float
    int8_macro_f1_loss: float | None
    int8_flip_share: float | None


@dataclass(frozen=True)
class Check:
    """One thing that a proof asks for."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Proof:
    """The facts, the checks made on them, and whether all passed."""

    facts: ProofFacts
    checks: tuple[Check, ...]

    @property
    def is_proven(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def reason(self) -> str:
        """What failed, or what carried the proof."""
        failed = [f"{check.name}: {check.detail}" for check in self.checks if not check.passed]
        return "; ".join(failed) if failed else f"proven: {self.checks[0].detail}"


def judge(facts: ProofFacts, policy: ProofPolicy) -> Proof:
    """Check the facts against the policy."""
    return Proof(facts, tuple(_checks(facts, policy)))


def _checks(facts: ProofFacts, policy: ProofPolicy) -> Iterator[Check]:
    sets = _sets(facts)
    yield _improvement(sets, policy)
    for name, comparison in sets.items():
        low = comparison.gain.low
        detail = f"macro F1 {_signed(comparison)}, {policy.margin:.3f} may be lost"
        yield Check(f"not worse on {name}", low > -policy.margin, detail)
        yield _mcnemar(name, comparison)
    yield from _classes(facts.holdout, policy)
    bound = max(policy.max_calibration_error, facts.champion.calibration_error)
    error = facts.candidate.calibration_error
    yield Check("calibration", error <= bound, f"error {error:.3f}, at most {bound:.3f}")
    ratio = facts.candidate_seconds / facts.champion_seconds
    detail = f"{ratio:.2f} times the champion's, at most {policy.max_latency_ratio:.2f}"
    yield Check("latency", ratio <= policy.max_latency_ratio, detail)
    yield from _quantisation(facts, policy)


def _sets(facts: ProofFacts) -> dict[str, Comparison]:
    sets = {"the holdout": facts.holdout}
    return sets if facts.recent is None else {**sets, "recent reviews": facts.recent}


def _improvement(sets: Mapping[str, Comparison], policy: ProofPolicy) -> Check:
    if policy.rule == "relative_gain":
        return _relative_gain(sets["the holdout"], policy)
    detail = ", ".join(f"macro F1 {_signed(found)} on {name}" for name, found in sets.items())
    if policy.rule == "non_inferior":
        return Check("improvement", True, f"{detail}; none is asked for")
    return Check("improvement", any(found.gain.low > 0 for found in sets.values()), detail)


def _relative_gain(comparison: Comparison, policy: ProofPolicy) -> Check:
    gains = {
        name: comparison.class_gain[name].value / max(before, 1e-9)
        for name, before in comparison.champion_f1.items()
    }
    worst = min(gains, key=lambda name: gains[name])
    detail = f"F1 of {worst} gains {gains[worst]:+.1%}, {policy.relative_gain:.0%} asked of each"
    return Check("improvement", gains[worst] >= policy.relative_gain, detail)


def _mcnemar(name: str, comparison: Comparison) -> Check:
    worse = comparison.only_champion_right > comparison.only_candidate_right
    detail = (
        f"{comparison.only_candidate_right} rows won, {comparison.only_champion_right} lost, "
        f"p {comparison.mcnemar_p:.3f}"
    )
    return Check(f"McNemar on {name}", not (worse and comparison.mcnemar_p < 0.05), detail)


def _classes(comparison: Comparison, policy: ProofPolicy) -> Iterator[Check]:
    for name, gain in comparison.class_gain.items():
        detail = f"F1 {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
        yield Check(f"{name} not worse", gain.low > -policy.class_margin, detail)


def _quantisation(facts: ProofFacts, policy: ProofPolicy) -> Iterator[Check]:
    if facts.int8_macro_f1_loss is not None:
        loss, bound = facts.int8_macro_f1_loss, policy.max_int8_macro_f1_loss
        yield Check("quantisation loss", loss <= bound, f"macro F1 {loss:.4f}, at most {bound:.4f}")
    if facts.int8_flip_share is not None:
        share, bound = facts.int8_flip_share, policy.max_int8_flip_share
        yield Check("quantisation flips", share <= bound, f"{share:.2%}, at most {bound:.2%}")


def _signed(comparison: Comparison) -> str:
    gain = comparison.gain
    return f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"
