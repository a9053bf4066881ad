import numpy as np
import pytest

from libs.evaluation.figures import measure_figures
from libs.heads.postprocess import DecisionRule
from libs.labels.schema import LABEL_SCHEMA

RULE = DecisionRule(LABEL_SCHEMA, temperature=1.0, review_threshold=0.6)
LABELS = np.repeat(np.arange(5), 20)


def answers(confidence: float, right: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return probabilities of which the share `right` names the true label."""
    predicted = np.where(np.arange(len(LABELS)) % 20 < 20 * right, LABELS, (LABELS + 1) % 5)
    probabilities = np.full((len(LABELS), 5), (1 - confidence) / 4)
    probabilities[np.arange(len(LABELS)), predicted] = confidence
    return probabilities


def test_figures_are_those_of_the_answers() -> None:
    figures = measure_figures(answers(confidence=0.9, right=0.75), LABELS, RULE)

    assert figures.narratives == 100
    assert figures.accuracy.value == figures.macro_f1.value == pytest.approx(0.75)
    assert figures.accuracy.low < 0.75 < figures.accuracy.high
    assert [score.support for score in figures.classes] == [20] * 5
    assert figures.calibration_error == pytest.approx(0.15)
    assert (figures.review_coverage, figures.review_accuracy) == (1.0, 0.75)


def test_nothing_above_the_review_threshold_is_no_accuracy() -> None:
    figures = measure_figures(answers(confidence=0.5, right=0.75), LABELS, RULE)

    assert (figures.review_coverage, figures.review_accuracy) == (0.0, 0.0)
