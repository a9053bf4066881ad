import numpy as np
import pytest

from services.trainer.precision_recall import MAX_POINTS, precision_recall_curves

NAMES = ["a", "b", "c"]


def test_precision_and_recall_are_those_of_giving_the_label_at_each_threshold() -> None:
    generator = np.random.default_rng(2)
    probabilities = generator.dirichlet([1, 1, 1], 1000)
    label_ids = generator.integers(0, 3, 1000)

    curve = precision_recall_curves(probabilities, label_ids, NAMES)[1]

    assert len(curve.points) <= MAX_POINTS
    for point in curve.points[::10]:
        given = probabilities[:, 1] >= point.threshold
        hits = (given & (label_ids == 1)).sum()
        assert point.precision == pytest.approx(hits / given.sum())
        assert point.recall == pytest.approx(hits / (label_ids == 1).sum())


def test_a_perfect_model_has_an_average_precision_of_one_and_a_blind_one_the_labels_share() -> None:
    label_ids = np.arange(300) % 3

    perfect = precision_recall_curves(np.eye(3)[label_ids], label_ids, NAMES)
    blind = precision_recall_curves(np.full((300, 3), 1 / 3), label_ids, NAMES)

    assert [curve.average_precision for curve in perfect] == [1, 1, 1]
    assert blind[0].average_precision == pytest.approx(1 / 3)


def test_a_label_that_does_not_occur_has_no_curve() -> None:
    label_ids = np.array([0, 1, 0, 1])

    curves = precision_recall_curves(np.eye(3)[label_ids], label_ids, NAMES)

    assert [curve.label for curve in curves] == ["a", "b"]
