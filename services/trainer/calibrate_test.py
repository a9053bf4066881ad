import numpy as np
import pytest

from libs.evaluation.metrics import expected_calibration_error, reliability
from libs.heads.postprocess import softmax
from services.trainer.calibrate import (
    calibrate,
    choose_ngram_weight,
    choose_temperature,
    choose_threshold,
)
from services.trainer.config import CalibrationConfig


def labelled_logits(
    sharpness: float, rows: int = 4000
) -> tuple[
    np.ndarray[tuple[int, int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.int64]]
]:
    """Labels drawn from softmax(logits), then logits made too sure by `sharpness`."""
    generator = np.random.default_rng(4)
    logits = generator.normal(0, 2, (rows, 5))
    probabilities = softmax(logits, 1.0)
    labels = (probabilities.cumsum(axis=1) < generator.random((rows, 1))).sum(axis=1)
    return logits * sharpness, labels.astype(np.int64)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_misplaced_confidence(sharpness: float) -> None:
    logits, labels = labelled_logits(sharpness)

    temperature = choose_temperature(logits, labels)

    assert temperature == pytest.approx(sharpness, rel=0.1)


def test_calibration_lowers_the_calibration_error() -> None:
    logits, labels = labelled_logits(3.0)

    after = softmax(logits, choose_temperature(logits, labels))

    error = expected_calibration_error(reliability(after, labels))
    assert error < 0.03 < expected_calibration_error(reliability(softmax(logits, 1.0), labels))


def test_what_is_above_the_threshold_is_as_accurate_as_wanted() -> None:
    logits, labels = labelled_logits(1.0)

    found = calibrate(logits, labels, CalibrationConfig(wanted_accuracy=0.9))

    assert 0.9 <= found.accuracy < 0.92
    assert 0 < found.coverage < 1


def test_everything_goes_to_review_where_no_confidence_is_accurate_enough() -> None:
    probabilities = np.full((50, 5), 0.2)

    threshold = choose_threshold(probabilities, np.ones(50, dtype=np.int64), CalibrationConfig())

    assert threshold == 1.0


def test_a_handful_of_rows_proves_no_threshold() -> None:
    logits, labels = labelled_logits(1.0, rows=10)

    threshold = choose_threshold(softmax(logits, 1.0), labels, CalibrationConfig())

    assert threshold == 1.0


def test_the_branch_gets_the_weight_that_its_evidence_is_worth() -> None:
    logits, labels = labelled_logits(1.0)
    scores = np.random.default_rng(5).normal(0, 1, logits.shape)

    weight = choose_ngram_weight(logits - 0.7 * scores, scores, labels)

    assert weight == pytest.approx(0.7, abs=0.05)


def test_a_branch_that_knows_nothing_gets_no_weight() -> None:
    logits, labels = labelled_logits(1.0)
    noise = np.random.default_rng(5).normal(0, 1, logits.shape)

    assert choose_ngram_weight(logits, noise, labels) < 0.05
