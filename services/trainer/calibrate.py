"""Makes confidences mean what they say, and chooses below which of them a person looks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar

from libs.heads.postprocess import softmax
from services.trainer.config import CalibrationConfig

Floats = npt.NDArray[np.float64]
LabelIds = npt.NDArray[np.int64]

_LOG_TEMPERATURE_BOUNDS = (-3.0, 3.0)
_NGRAM_WEIGHT_BOUNDS = (0.0, 5.0)


@dataclass(frozen=True)
class Calibration:
    """What the decision rule needs, and what it promises on the validation rows."""

    temperature: float
    review_threshold: float
    coverage: float
    """Share of the validation rows at or above the threshold."""
    accuracy: float
    """Their accuracy; below the wanted one only where no threshold reaches it."""


@dataclass(frozen=True)
class LabelledRows:
    """Label ids (rows,) and what each row counts (rows,), with a mean of 1."""

    label_ids: LabelIds
    weights: Floats


def calibrate(logits: Floats, rows: LabelledRows, config: CalibrationConfig) -> Calibration:
    """Choose temperature and review threshold on the validation rows."""
    temperature = choose_temperature(logits, rows)
    probabilities = softmax(logits, temperature)
    threshold = choose_threshold(probabilities, rows, config)
    above = probabilities.max(axis=1) >= threshold
    is_right = probabilities.argmax(axis=1) == rows.label_ids
    weights = rows.weights
    return Calibration(
        temperature=temperature,
        review_threshold=threshold,
        coverage=float(np.average(above, weights=weights)),
        accuracy=float(np.average(is_right[above], weights=weights[above])) if above.any() else 0.0,
    )


def choose_temperature(logits: Floats, rows: LabelledRows) -> float:
    """Return the temperature with the least negative log likelihood (Guo et al. 2017, 4.2)."""
    found = minimize_scalar(
        lambda log_temperature: _negative_log_likelihood(logits, rows, log_temperature),
        bounds=_LOG_TEMPERATURE_BOUNDS,
        method="bounded",
    )
    return float(np.exp(found.x))


def choose_ngram_weight(logits: Floats, scores: Floats, rows: LabelledRows) -> float:
    """Return the factor of the sparse branch's scores with the least negative log likelihood.

    The temperature is free while the factor is chosen: neither part is sure of itself in the same
    way. Log-linear pooling of two classifiers (Hinton 2002, "Products of Experts").
    """
    found = minimize(
        lambda point: _negative_log_likelihood(logits + point[0] * scores, rows, point[1]),
        x0=(0.5, 0.0),
        bounds=(_NGRAM_WEIGHT_BOUNDS, _LOG_TEMPERATURE_BOUNDS),
        method="Nelder-Mead",
    )
    return float(found.x[0])


def _negative_log_likelihood(logits: Floats, rows: LabelledRows, log_temperature: float) -> float:
    probabilities = softmax(logits, float(np.exp(log_temperature)))
    chosen = probabilities[np.arange(len(rows.label_ids)), rows.label_ids]
    return float(-np.average(np.log(np.maximum(chosen, 1e-12)), weights=rows.weights))


def choose_threshold(probabilities: Floats, rows: LabelledRows, config: CalibrationConfig) -> float:
    """Return the lowest confidence at or above which predictions are accurate enough.

    When none is, everything goes to review: the threshold is 1. Fewer rows than
    `minimum_support` prove nothing.
    """
    confidences = probabilities.max(axis=1)
    order = np.argsort(-confidences, kind="stable")
    is_right = probabilities.argmax(axis=1)[order] == rows.label_ids[order]
    weights = rows.weights[order]
    accuracies = np.cumsum(is_right * weights) / np.cumsum(weights)
    is_last_of_ties = np.append(confidences[order][1:] != confidences[order][:-1], True)
    is_supported = np.arange(1, len(order) + 1) >= config.minimum_support
    good = np.flatnonzero((accuracies >= config.wanted_accuracy) & is_last_of_ties & is_supported)
    return float(confidences[order][good[-1]]) if len(good) else 1.0
