from dataclasses import replace
from datetime import timedelta

import pytest

from services.retraining_agent.decide import decide, is_quiet
from services.retraining_agent.evidence import Evidence, History
from services.retraining_agent.intervals import Estimate
from services.retraining_agent.policy import Policy, TimingPolicy, TriggerPolicy
from services.retraining_agent.testing.evidence import calm_evidence, calm_window

POLICY = Policy()
CALM = calm_evidence()


def with_reviews(**changes: object) -> Evidence:
    return replace(CALM, reviews=replace(CALM.reviews, **changes))  # type: ignore[arg-type]


def test_on_calm_evidence_nothing_is_done_and_the_reason_is_given() -> None:
    decision = decide(CALM, POLICY)

    assert decision.decision == "do_nothing"
    assert "10000 rows by 1.0.0, 100 new reviews" in decision.reason


def test_enough_new_reviews_make_a_retraining_due() -> None:
    decision = decide(with_reviews(new=300), POLICY)

    assert decision.decision == "retrain"
    assert "300 new reviews" in decision.reason


@pytest.mark.parametrize(("drifted_days", "expected"), [(3, "retrain"), (2, "do_nothing")])
def test_drift_counts_when_every_one_of_the_last_windows_is_over_its_bound(
    drifted_days: int, expected: str
) -> None:
    calm = [calm_window(day) for day in range(5 - drifted_days)]
    shifted = [calm_window(day, psi_length=0.5) for day in range(5 - drifted_days, 5)]

    decision = decide(replace(CALM, windows=(*calm, *shifted)), POLICY)

    assert decision.decision == expected


def test_a_drift_that_chance_may_explain_does_not_count() -> None:
    windows = [calm_window(day, psi_length=0.3) for day in range(5)]
    noisy = [replace(w, drift=replace(w.drift, psi_length_noise=0.4)) for w in windows if w.drift]

    assert decide(replace(CALM, windows=tuple(noisy)), POLICY).decision == "do_nothing"


def test_a_window_that_still_runs_does_not_count() -> None:
    windows = [calm_window(day, psi_length=0.5) for day in range(3)]
    running = (*windows[:2], replace(windows[2], is_complete=False))

    assert decide(replace(CALM, windows=running), POLICY).decision == "do_nothing"


@pytest.mark.parametrize(
    ("high", "covered", "expected"),
    [(0.80, 0.9, "retrain"), (0.86, 0.9, "do_nothing"), (0.80, 0.5, "do_nothing")],
)
def test_reviews_testify_only_by_more_than_their_interval_and_for_traffic_they_cover(
    high: float, covered: float, expected: str
) -> None:
    f1 = Estimate(0.78, 0.75, high, 200)
    seen = replace(CALM.reviewed_accuracy, rows=200, macro_f1=f1, covered_share=covered)

    assert decide(replace(CALM, reviewed_accuracy=seen), POLICY).decision == expected


def test_claiming_more_than_reviews_find_makes_a_retraining_due() -> None:
    accuracy = Estimate(0.6, 0.55, 0.65, 200)
    seen = replace(CALM.reviewed_accuracy, rows=200, accuracy=accuracy, claimed_accuracy=0.8)

    decision = decide(replace(CALM, reviewed_accuracy=seen), POLICY)

    assert "claimed 80.0%" in decision.reason


def test_an_old_champion_is_retrained() -> None:
    old = replace(CALM, champion=replace(CALM.champion, age_days=200))

    assert decide(old, POLICY).decision == "retrain"


def test_a_person_may_ask() -> None:
    decision = decide(CALM, POLICY, request="a new product line")

    assert decision.decision == "retrain"
    assert "a new product line" in decision.reason


def test_nothing_is_retrained_on_too_few_reviews() -> None:
    decision = decide(with_reviews(new=10), POLICY, request="now")

    assert decision.decision == "do_nothing"
    assert "10 new reviews to learn from" in decision.reason


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (with_reviews(new=400, new_by_reviewer={"mallory": 300, "ana": 100}), "by one reviewer"),
        (with_reviews(new=400, new_label_shift=0.7), "between labels"),
        (with_reviews(new=400, deviation_by_reviewer={"eve": 0.5}), "'eve' labels unlike"),
        (with_reviews(new=400, new_relabelled_share=0.9), "contradict 90%"),
        (with_reviews(new=400, orphans=20), "no logged decision"),
        (
            replace(with_reviews(new=400), quality=replace(CALM.quality, corrupt_objects=5)),
            "corrupt",
        ),
    ],
)
def test_what_looks_poisoned_is_not_learned_from(evidence: Evidence, reason: str) -> None:
    decision = decide(evidence, POLICY, request="please")

    assert decision.decision == "do_nothing"
    assert reason in decision.reason


def test_bounds_are_the_policys() -> None:
    policy = replace(POLICY, triggers=TriggerPolicy(min_new_reviews=100))

    assert decide(CALM, policy).decision == "retrain"


def with_history(hours_ago: float, retrainings: int = 1) -> Evidence:
    at = CALM.gathered_at - timedelta(hours=hours_ago)
    return replace(with_reviews(new=400), history=History(at, retrainings, at))


@pytest.mark.parametrize(("hours", "expected"), [(23, "do_nothing"), (25, "retrain")])
def test_after_a_retraining_it_cools_down(hours: float, expected: str) -> None:
    assert decide(with_history(hours), POLICY).decision == expected


def test_a_person_need_not_wait_for_the_cool_down_but_for_the_budget() -> None:
    assert decide(with_history(1), POLICY, request="now").decision == "retrain"
    assert decide(with_history(100, 4), POLICY, request="now").decision == "do_nothing"


@pytest.mark.parametrize(
    ("hour", "start", "end", "quiet"),
    [(3, 0, 0, False), (3, 2, 4, True), (4, 2, 4, False), (23, 22, 5, True), (12, 22, 5, False)],
)
def test_quiet_hours_may_span_midnight(hour: int, start: int, end: int, quiet: bool) -> None:
    assert is_quiet(hour, TimingPolicy(quiet_from_hour=start, quiet_to_hour=end)) == quiet
