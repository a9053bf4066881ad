import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from libs.evaluation import metrics

GENERATOR = np.random.default_rng(6)
LABELS = GENERATOR.choice(5, 500, p=[0.5, 0.2, 0.15, 0.1, 0.05]).astype(np.int64)
PREDICTED = np.where(GENERATOR.random(500) < 0.7, LABELS, GENERATOR.integers(0, 5, 500))
CONFUSION = metrics.confusion_matrix(LABELS, PREDICTED, 5)


def test_scores_are_those_of_scikit_learn() -> None:
    expected = precision_recall_fscore_support(LABELS, PREDICTED)

    scores = metrics.class_scores(CONFUSION, "abcde")

    assert [score.precision for score in scores] == pytest.approx(expected[0])
    assert [score.recall for score in scores] == pytest.approx(expected[1])
    assert [score.f1 for score in scores] == pytest.approx(expected[2])
    assert [score.support for score in scores] == expected[3].tolist()


def test_averages_are_those_of_scikit_learn() -> None:
    assert metrics.macro_f1(CONFUSION) == pytest.approx(
        f1_score(LABELS, PREDICTED, average="macro")
    )
    assert metrics.weighted_f1(CONFUSION) == pytest.approx(
        f1_score(LABELS, PREDICTED, average="weighted")
    )
    assert metrics.accuracy(CONFUSION) == pytest.approx(accuracy_score(LABELS, PREDICTED))


def test_a_label_that_does_not_occur_does_not_lower_macro_f1() -> None:
    labels = np.array([0, 1, 0, 1], dtype=np.int64)

    assert metrics.macro_f1(metrics.confusion_matrix(labels, labels, 5)) == 1.0


def test_the_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    probabilities = np.tile([0.9, 0.1], (10, 1))
    labels = np.array([0] * 6 + [1] * 4, dtype=np.int64)

    bins = metrics.reliability(probabilities, labels)

    assert metrics.expected_calibration_error(bins) == pytest.approx(0.3)


def test_the_surest_share_is_scored_alone() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.55, 0.45]])
    labels = np.array([0, 0, 1, 1], dtype=np.int64)

    curve = metrics.coverage_curve(probabilities, labels, points=4)

    assert [point.accuracy for point in curve] == pytest.approx([1, 1, 2 / 3, 0.5])
    assert curve[1].threshold == 0.8


def test_a_bootstrap_interval_holds_the_value_and_narrows_with_rows() -> None:
    def width(rows: int) -> float:
        samples = metrics.bootstrap_confusions(LABELS[:rows], [PREDICTED[:rows]], 5, 300, 1)[0]
        found = metrics.interval(0.0, metrics.accuracy(samples))
        return found.high - found.low

    samples = metrics.bootstrap_confusions(LABELS, [PREDICTED], 5, 300, 1)[0]
    found = metrics.interval(float(metrics.accuracy(CONFUSION)), metrics.accuracy(samples))

    assert found.low < found.value < found.high
    assert width(500) < width(50)


def test_equal_predictions_differ_by_exactly_nothing_in_every_resample() -> None:
    first, second = metrics.bootstrap_confusions(LABELS, [PREDICTED, PREDICTED], 5, 100, 1)

    assert (first == second).all()
