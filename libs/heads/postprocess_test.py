import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.heads.errors import LogitsError
from libs.heads.postprocess import DecisionRule
from libs.labels.schema import LABEL_SCHEMA


def rule(temperature: float = 1.0, review_threshold: float = 0.6) -> DecisionRule:
    return DecisionRule(LABEL_SCHEMA, temperature, review_threshold)


def test_the_largest_logit_decides() -> None:
    decision = rule().decide([0.0, 3.0, 0.0, 0.0, 0.0])

    assert decision.label_name == "credit_reporting"
    assert decision.confidence == pytest.approx(math.exp(3) / (math.exp(3) + 4))
    assert not decision.needs_review


def test_a_higher_temperature_lowers_confidence_but_not_the_label() -> None:
    logits = [0.0, 3.0, 1.0, 0.0, 0.0]

    cool, warm = rule(temperature=1.0).decide(logits), rule(temperature=2.0).decide(logits)

    assert warm.confidence < cool.confidence
    assert warm.label_id == cool.label_id


def test_confidence_at_the_threshold_needs_no_review() -> None:
    decision = rule(review_threshold=0.2).decide([1.0] * 5)

    assert decision.confidence == pytest.approx(0.2)
    assert decision.needs_review == (decision.confidence < 0.2)


def test_confidence_below_the_threshold_needs_review() -> None:
    assert rule(review_threshold=0.6).decide([1.0] * 5).needs_review


@given(st.lists(st.floats(-1e4, 1e4), min_size=5, max_size=5))
def test_probabilities_sum_to_one_for_any_finite_logits(logits: list[float]) -> None:
    decision = rule().decide(logits)

    assert sum(decision.probabilities) == pytest.approx(1.0)
    assert decision.confidence == max(decision.probabilities)


@pytest.mark.parametrize("logits", [[1.0] * 4, [math.nan] * 5, [math.inf, 0, 0, 0, 0]])
def test_logits_that_are_not_five_finite_numbers_are_refused(logits: list[float]) -> None:
    with pytest.raises(LogitsError):
        rule().decide(np.array(logits, dtype=np.float32))


@pytest.mark.parametrize(("temperature", "threshold"), [(0.0, 0.6), (1.0, 1.1), (math.nan, 0.6)])
def test_an_impossible_rule_is_refused(temperature: float, threshold: float) -> None:
    with pytest.raises(LogitsError):
        rule(temperature, threshold)
