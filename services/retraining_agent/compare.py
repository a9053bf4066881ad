"""Compares two classifiers on the same rows: paired bootstrap and McNemar's test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr

from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.intervals import Estimate, f1_scores, macro_f1, resampled_counts

_SEED = 20
_LABELS = len(LABEL_SCHEMA)
_Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """True label ids and both models' answers, row by row; `strata` with the weight of their rows
    where the rows are a sample that was not drawn evenly."""

    true_ids: Sequence[int]
    champion_ids: Sequence[int]
    candidate_ids: Sequence[int]
    strata: Sequence[str] = ()
    weights: Sequence[float] = ()


@dataclass(frozen=True)
class Comparison:
    """Candidate minus champion; intervals are 95 % and paired."""

    rows: int
    champion_macro_f1: float
    candidate_macro_f1: float
    gain: Estimate
    champion_f1: dict[str, float]
    candidate_f1: dict[str, float]
    class_gain: dict[str, Estimate]
    only_champion_right: int
    only_candidate_right: int
    mcnemar_p: float


def compare(answers: Answers, resamples: int) -> Comparison:
    """Compare the answers of two models on the same rows."""
    point, drawn = _weighted_counts(answers, resamples)
    champion, candidate = point.sum(axis=2), point.sum(axis=1)
    champion_drawn, candidate_drawn = drawn.sum(axis=3), drawn.sum(axis=2)
    rows = len(answers.true_ids)
    class_gains = _nan_to_0(f1_scores(candidate)) - _nan_to_0(f1_scores(champion))
    class_drawn = _nan_to_0(f1_scores(candidate_drawn)) - _nan_to_0(f1_scores(champion_drawn))
    champion_only, candidate_only = _discordant(answers)
    return Comparison(
        rows=rows,
        champion_macro_f1=float(macro_f1(champion)),
        candidate_macro_f1=float(macro_f1(candidate)),
        gain=_estimate(
            float(macro_f1(candidate) - macro_f1(champion)),
            macro_f1(candidate_drawn) - macro_f1(champion_drawn),
            rows,
        ),
        champion_f1=_by_name(f1_scores(champion)),
        candidate_f1=_by_name(f1_scores(candidate)),
        class_gain={
            name: _estimate(float(class_gains[i]), class_drawn[:, i], rows)
            for i, name in enumerate(LABEL_SCHEMA.names)
        },
        only_champion_right=champion_only,
        only_candidate_right=candidate_only,
        mcnemar_p=mcnemar_p(champion_only, candidate_only),
    )


def mcnemar_p(one: int, other: int) -> float:
    """Return the two-sided p of McNemar's exact test: a binomial test of the discordant pairs."""
    if one + other == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(one, other), one + other, 0.5)))


def _weighted_counts(answers: Answers, resamples: int) -> tuple[_Counts, _Counts]:
    """Return counts (true, champion, candidate), and as many resamples, drawn within strata."""
    cells = np.stack([answers.true_ids, answers.champion_ids, answers.candidate_ids]).astype(int)
    strata = np.asarray(answers.strata or ["all"] * cells.shape[1])
    weights = np.asarray(answers.weights or [1.0] * cells.shape[1])
    rng = np.random.default_rng(_SEED)
    point = np.zeros((_LABELS,) * 3)
    drawn = np.zeros((resamples, *point.shape))
    for stratum in np.unique(strata):
        members = strata == stratum
        counts = np.zeros_like(point)
        np.add.at(counts, tuple(cells[:, members]), 1)
        weight = weights[members].mean()
        point += counts * weight
        drawn += resampled_counts(counts, resamples, rng) * weight
    return point, drawn


def _discordant(answers: Answers) -> tuple[int, int]:
    truth = np.asarray(answers.true_ids)
    champion_right = np.asarray(answers.champion_ids) == truth
    candidate_right = np.asarray(answers.candidate_ids) == truth
    return int((champion_right & ~candidate_right).sum()), int(
        (candidate_right & ~champion_right).sum()
    )


def _estimate(value: float, drawn: npt.NDArray[np.float64], rows: int) -> Estimate:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(value, float(low), float(high), rows)


def _nan_to_0(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.nan_to_num(values)


def _by_name(values: npt.NDArray[np.float64]) -> dict[str, float]:
    return dict(zip(LABEL_SCHEMA.names, map(float, np.nan_to_num(values)), strict=True))
