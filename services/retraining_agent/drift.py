"""How far one profile of traffic is from another: PSI and Jensen-Shannon divergence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, rel_entr

from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.traffic_profile import Profile

_CHANCE = 0.01
_WORDS_COMPARED = 2000


@dataclass(frozen=True)
class Drift:
    """Distances of `rows` rows from a reference.

    PSI below 0.1 is usually called stable and above 0.25 shifted. `*_noise` is what chance alone
    stays below 99 times in 100 at these sizes: under the null hypothesis PSI is distributed as
    (1/n + 1/m) times chi-squared with (bins - 1) degrees of freedom (Yurdakul 2018).
    """

    rows: int
    psi_length: float
    psi_label: float
    psi_confidence: float
    psi_length_noise: float
    psi_label_noise: float
    psi_confidence_noise: float
    js_vocabulary: float


def measure_drift(reference: Profile, current: Profile) -> Drift:
    """Compare two profiles, neither of them empty."""
    labels = LABEL_SCHEMA.names
    return Drift(
        rows=current.rows,
        psi_length=psi(reference.length_counts, current.length_counts),
        psi_label=psi(
            [reference.label_counts.get(name, 0) for name in labels],
            [current.label_counts.get(name, 0) for name in labels],
        ),
        psi_confidence=psi(reference.confidence_counts, current.confidence_counts),
        psi_length_noise=psi_noise(len(reference.length_counts), reference.rows, current.rows),
        psi_label_noise=psi_noise(len(labels), reference.rows, current.rows),
        psi_confidence_noise=psi_noise(
            len(reference.confidence_counts), reference.rows, current.rows
        ),
        js_vocabulary=vocabulary_divergence(reference, current),
    )


def psi(expected: Sequence[int], actual: Sequence[int]) -> float:
    """Return the population stability index: sum of (a - e) ln(a / e) over shares.

    Half a row is added to every bin, so that an empty one weighs as little as it is known.
    """
    shares_expected, shares_actual = _shares(expected), _shares(actual)
    difference = shares_actual - shares_expected
    return float(np.sum(difference * np.log(shares_actual / shares_expected)))


def psi_noise(bins: int, expected_rows: int, actual_rows: int) -> float:
    """Return the PSI that chance alone exceeds once in a hundred times."""
    return float((1 / expected_rows + 1 / actual_rows) * chdtri(bins - 1, _CHANCE))


def vocabulary_divergence(reference: Profile, current: Profile) -> float:
    """Return the Jensen-Shannon divergence in bits, 0 to 1, over the reference's frequent words
    and all others together."""
    by_frequency = sorted(reference.word_counts.items(), key=lambda item: (-item[1], item[0]))
    words = [word for word, _ in by_frequency[:_WORDS_COMPARED]]
    p, q = _frequencies(reference, words), _frequencies(current, words)
    middle = (p + q) / 2
    return float((rel_entr(p, middle).sum() + rel_entr(q, middle).sum()) / (2 * np.log(2)))


def _shares(counts: Sequence[int]) -> npt.NDArray[np.float64]:
    smoothed = np.asarray(counts, dtype=np.float64) + 0.5
    shares: npt.NDArray[np.float64] = smoothed / smoothed.sum()
    return shares


def _frequencies(profile: Profile, words: Sequence[str]) -> npt.NDArray[np.float64]:
    counts = [profile.word_counts.get(word, 0) for word in words]
    others = profile.words_total - sum(counts)
    frequencies = np.asarray([*counts, others + 1], dtype=np.float64)
    shares: npt.NDArray[np.float64] = frequencies / frequencies.sum()
    return shares
