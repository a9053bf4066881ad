import numpy as np
import pytest

from libs.evaluation.metrics import expected_calibration_error, reliability
from libs.heads.postprocess import softmax
from services.trainer.calibrate import (
    LabelledRows,
    calibrate,
    choose_ngram_weight,
    choose_prior_shift,
    choose_temperature,
    choose_threshold,
    weigh_rows,
)
from services.trainer.config import CalibrationConfig


def labelled_logits(
    sharpness: float, rows: int = 4000
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], LabelledRows]:
    """Labels drawn from softmax(logits), then logits made too sure by `sharpness`."""
    generator = np.random.default_rng(4)
    logits = generator.normal(0, 2, (rows, 5))
    probabilities = softmax(logits, 1.0)
    labels = (probabilities.cumsum(axis=1) < generator.random((rows, 1))).sum(axis=1)
    return logits * sharpness, weigh_rows(labels.astype(np.int64), "training")


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_misplaced_confidence(sharpness: float) -> None:
    logits, rows = labelled_logits(sharpness)

    temperature = choose_temperature(logits, rows)

    assert temperature == pytest.approx(sharpness, rel=0.1)


def test_calibration_lowers_the_calibration_error() -> None:
    logits, rows = labelled_logits(3.0)

    after = softmax(logits, choose_temperature(logits, rows))

    error = expected_calibration_error(reliability(after, rows.label_ids))
    before = expected_calibration_error(reliability(softmax(logits, 1.0), rows.label_ids))
    assert error < 0.03 < before


def test_what_is_above_the_threshold_is_as_accurate_as_wanted() -> None:
    logits, rows = labelled_logits(1.0)

    found = calibrate(logits, rows, CalibrationConfig(wanted_accuracy=0.9))

    assert 0.9 <= found.accuracy < 0.92
    assert 0 < found.coverage < 1


def test_everything_goes_to_review_where_no_confidence_is_accurate_enough() -> None:
    probabilities = np.full((50, 5), 0.2)
    rows = weigh_rows(np.ones(50, dtype=np.int64), "training")

    threshold = choose_threshold(probabilities, rows, CalibrationConfig())

    assert threshold == 1.0


def test_a_handful_of_rows_proves_no_threshold() -> None:
    logits, rows = labelled_logits(1.0, rows=10)

    threshold = choose_threshold(softmax(logits, 1.0), rows, CalibrationConfig())

    assert threshold == 1.0


def test_the_branch_gets_the_weight_that_its_evidence_is_worth() -> None:
    logits, rows = labelled_logits(1.0)
    scores = np.random.default_rng(5).normal(0, 1, logits.shape)

    weight = choose_ngram_weight(logits - 0.7 * scores, scores, rows)

    assert weight == pytest.approx(0.7, abs=0.05)


def test_a_branch_that_knows_nothing_gets_no_weight() -> None:
    logits, rows = labelled_logits(1.0)
    noise = np.random.default_rng(5).normal(0, 1, logits.shape)

    assert choose_ngram_weight(logits, noise, rows) < 0.05


def test_under_a_uniform_prior_every_label_counts_alike() -> None:
    rows = weigh_rows(np.array([0, 0, 0, 3]), "uniform")

    assert rows.weights[:3].sum() == pytest.approx(rows.weights[3])
    assert rows.weights.mean() == pytest.approx(1)


def imbalanced_logits() -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], LabelledRows]:
    """Every tenth label is 1, and the logits know it as Bayes' rule has it."""
    generator = np.random.default_rng(6)
    labels = (generator.random(20_000) < 0.1).astype(np.int64)
    evidence = generator.normal(np.where(labels == 1, 1.0, -1.0), 1.5)
    log_odds = 2 * evidence / 1.5**2 + np.log(0.1 / 0.9)
    logits = np.stack([np.zeros(len(labels)), log_odds], axis=1)
    return logits, weigh_rows(labels, "uniform")


def test_the_shift_takes_the_prior_of_training_off() -> None:
    logits, rows = imbalanced_logits()

    shift = choose_prior_shift(logits, rows, [9_000, 1_000])

    assert shift[1] - shift[0] == pytest.approx(np.log(9), rel=0.1)
    is_right = (logits + shift).argmax(axis=1) == rows.label_ids
    recalls = [is_right[rows.label_ids == label].mean() for label in (0, 1)]
    assert recalls[0] == pytest.approx(recalls[1], abs=0.03)


def test_rows_that_count_alike_need_no_shift() -> None:
    logits, rows = imbalanced_logits()

    shift = choose_prior_shift(logits, weigh_rows(rows.label_ids, "training"), [9_000, 1_000])

    assert shift == pytest.approx(0, abs=0.1)


def test_under_a_uniform_prior_a_rare_label_weighs_on_the_threshold() -> None:
    probabilities = np.tile([0.9, 0.1], (100, 1))
    label_ids = np.array([0] * 98 + [1] * 2)
    config = CalibrationConfig(wanted_accuracy=0.95)

    alike = choose_threshold(probabilities, weigh_rows(label_ids, "training"), config)
    balanced = choose_threshold(probabilities, weigh_rows(label_ids, "uniform"), config)

    assert (alike, balanced) == (0.9, 1.0)
