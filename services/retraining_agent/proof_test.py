from dataclasses import replace

import msgspec
import numpy as np
import pytest

from services.retraining_agent.compare import Answers, Comparison, compare
from services.retraining_agent.holdout_scores import HoldoutScores
from services.retraining_agent.policy import ProofPolicy
from services.retraining_agent.proof import ProofFacts, judge

POLICY = ProofPolicy()
TRUE = np.tile(np.arange(5), 400)


def wrong(share: float, seed: int, only_class: int | None = None) -> list[int]:
    """Return answers of which a share, perhaps of one class only, is wrong."""
    chosen = np.random.default_rng(seed).random(len(TRUE)) < share
    if only_class is not None:
        chosen &= only_class == TRUE
    answers: list[int] = np.where(chosen, (TRUE + 1) % 5, TRUE).tolist()
    return answers


def comparison(champion: list[int], candidate: list[int]) -> Comparison:
    return compare(Answers(TRUE.tolist(), champion, candidate), 400)


BETTER = comparison(wrong(0.2, 1), wrong(0.1, 2))
EQUAL = comparison(wrong(0.2, 1), wrong(0.2, 1))
WORSE = comparison(wrong(0.1, 1), wrong(0.2, 2))
SCORES = HoldoutScores(
    rows=2000,
    accuracy=0.9,
    macro_f1=0.9,
    weighted_f1=0.9,
    f1={},
    calibration_error=0.02,
    mean_confidence=0.9,
)
FACTS = ProofFacts(
    holdout=BETTER,
    recent=None,
    champion=SCORES,
    candidate=SCORES,
    champion_seconds=0.01,
    candidate_seconds=0.01,
    int8_macro_f1_loss=None,
    int8_flip_share=None,
)


def failed(facts: ProofFacts, policy: ProofPolicy = POLICY) -> set[str]:
    return {check.name for check in judge(facts, policy).checks if not check.passed}


def test_a_surely_better_candidate_is_proven() -> None:
    proof = judge(FACTS, POLICY)

    assert proof.is_proven
    assert proof.reason.startswith("proven: macro F1 +0.099")


def test_a_candidate_that_is_no_better_is_not_proven() -> None:
    assert failed(replace(FACTS, holdout=EQUAL)) == {"improvement"}


def test_no_worse_is_enough_where_the_policy_says_so() -> None:
    assert failed(replace(FACTS, holdout=EQUAL), replace(POLICY, rule="non_inferior")) == set()


def test_a_worse_candidate_fails_by_every_test() -> None:
    names = failed(replace(FACTS, holdout=WORSE))

    assert {"improvement", "not worse on the holdout", "McNemar on the holdout"} <= names


def test_a_gain_on_recent_reviews_proves_what_the_old_holdout_cannot_see() -> None:
    assert failed(replace(FACTS, holdout=EQUAL, recent=BETTER)) == set()


def test_a_gain_on_the_holdout_does_not_excuse_a_loss_on_recent_reviews() -> None:
    assert "not worse on recent reviews" in failed(replace(FACTS, recent=WORSE))


def test_one_class_may_not_pay_for_the_others() -> None:
    one_class_lost = comparison(wrong(0.3, 1, only_class=1), wrong(0.2, 2, only_class=3))

    assert "mortgages_and_loans not worse" in failed(replace(FACTS, holdout=one_class_lost))


@pytest.mark.parametrize(("candidate_errors", "proven"), [(0.02, True), (0.17, False)])
def test_the_relative_gain_rule_asks_it_of_every_class(
    candidate_errors: float, proven: bool
) -> None:
    facts = replace(FACTS, holdout=comparison(wrong(0.2, 1), wrong(candidate_errors, 2)))

    assert judge(facts, replace(POLICY, rule="relative_gain")).is_proven == proven


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"candidate_seconds": 0.02}, "latency"),
        ({"int8_macro_f1_loss": 0.02}, "quantisation loss"),
        ({"int8_flip_share": 0.05}, "quantisation flips"),
    ],
)
def test_speed_and_quantisation_are_bounded(changes: dict[str, float], check: str) -> None:
    assert failed(replace(FACTS, **changes)) == {check}  # type: ignore[arg-type]


def test_a_badly_calibrated_candidate_is_refused_unless_the_champion_is_as_bad() -> None:
    bad = msgspec.structs.replace(SCORES, calibration_error=0.2)

    assert failed(replace(FACTS, candidate=bad)) == {"calibration"}
    assert failed(replace(FACTS, candidate=bad, champion=bad)) == set()
