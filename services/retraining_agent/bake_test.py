from dataclasses import replace
from datetime import timedelta

import pytest

from services.retraining_agent.bake import Watched, judge_bake
from services.retraining_agent.policy import PromotionPolicy
from services.retraining_agent.traffic_profile import ProfileBuilder

POLICY = PromotionPolicy(bake_minutes=60, bake_min_rows=100)
HOUR = timedelta(hours=1)


def watched(rows: int, label: str = "credit_card") -> Watched:
    builder = ProfileBuilder()
    for _ in range(rows):
        builder.add("some words", label, 0.9)
    return Watched(builder.build(), 0.9, 0.01)


@pytest.mark.parametrize(
    ("rows", "minutes", "verdict"),
    [(99, 120, "wait"), (200, 59, "wait"), (200, 60, "commit")],
)
def test_a_faultless_candidate_needs_time_and_rows(rows: int, minutes: int, verdict: str) -> None:
    found = judge_bake(watched(500), watched(rows), timedelta(minutes=minutes), POLICY)

    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (replace(watched(200), mean_confidence=0.7), "confidence fell"),
        (replace(watched(200), mean_latency_seconds=0.03), "3.0 times"),
        (watched(200, "retail_banking"), "label mix"),
    ],
)
def test_a_fault_takes_the_candidate_back_before_the_time_is_up(
    candidate: Watched, reason: str
) -> None:
    found = judge_bake(watched(500), candidate, timedelta(minutes=1), POLICY)

    assert found.verdict == "roll_back"
    assert reason in found.reason


def test_without_the_champions_traffic_there_is_nothing_to_compare_with() -> None:
    assert judge_bake(watched(0), watched(200), HOUR, POLICY).verdict == "commit"


def test_a_candidate_that_need_not_show_rows_is_not_judged_by_none() -> None:
    policy = replace(POLICY, bake_min_rows=0)

    assert judge_bake(watched(500), watched(0), HOUR, policy).verdict == "commit"
