import numpy as np
import pytest

from libs.evaluation.metrics import expected_calibration_error, reliability
from libs.heads.postprocess import softmax
from services.trainer.calibrate import (
    LabelledRows,
    calibrate,
    choose_ngram_weight,
    choose_temperature,
    choose_threshold,
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
    return logits * sharpness, alike(labels.astype(np.int64))


def alike(label_ids: np.ndarray[tuple[int], np.dtype[np.int64]]) -> LabelledRows:
    return LabelledRows(label_ids, np.ones(len(label_ids)))


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
    rows = alike(np.ones(50, dtype=np.int64))

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


def test_a_row_that_weighs_more_weighs_on_the_threshold() -> None:
    probabilities = np.tile([0.9, 0.1], (100, 1))
    rows = alike(np.array([0] * 98 + [1] * 2))
    balanced = LabelledRows(rows.label_ids, np.where(rows.label_ids == 0, 50 / 98, 25.0))
    config = CalibrationConfig(wanted_accuracy=0.95)

    thresholds = [choose_threshold(probabilities, each, config) for each in (rows, balanced)]

    assert thresholds == [0.9, 1.0]
