import numpy as np
import pytest

from services.onnx_exporter.agreement import calibration_error, measure_agreement

REFERENCE = np.array([[0.9, 0.1], [0.52, 0.48], [0.2, 0.8], [0.7, 0.3]])
LABEL_IDS = np.array([0, 0, 1, 1])


def test_a_model_agrees_with_itself() -> None:
    report = measure_agreement("x", REFERENCE, REFERENCE, LABEL_IDS)

    assert (report.flips, report.macro_f1_loss, report.ece_change) == (0, 0.0, 0.0)
    assert report.max_probability_shift == 0.0


def test_a_flip_is_clear_only_where_the_reference_was() -> None:
    served = np.array([[0.9, 0.1], [0.48, 0.52], [0.8, 0.2], [0.7, 0.3]])

    report = measure_agreement("x", REFERENCE, served, LABEL_IDS)

    assert (report.flips, report.clear_flips, report.flip_rate) == (2, 1, 0.5)
    assert report.max_probability_shift == pytest.approx(0.6)
    assert report.mean_probability_shift == pytest.approx((0.04 + 0.6) / 4)


def test_a_worse_model_has_a_positive_loss() -> None:
    served = np.array([[0.9, 0.1], [0.48, 0.52], [0.8, 0.2], [0.7, 0.3]])

    report = measure_agreement("x", REFERENCE, served, LABEL_IDS)

    assert report.macro_f1_loss is not None
    assert report.macro_f1_loss > 0.2


def test_without_labels_there_are_no_figures() -> None:
    report = measure_agreement("x", REFERENCE, REFERENCE, None)

    assert (report.macro_f1, report.macro_f1_loss, report.ece_change) == (None, None, None)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    sure = np.tile([0.95, 0.05], (10, 1))
    label_ids = np.array([0] * 8 + [1] * 2)

    assert calibration_error(sure, label_ids) == pytest.approx(0.95 - 0.8)


def test_a_calibrated_model_has_no_calibration_error() -> None:
    assert calibration_error(np.tile([0.8, 0.2], (10, 1)), np.array([0] * 8 + [1] * 2)) < 1e-9
