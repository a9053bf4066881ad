import numpy as np
import pytest

from services.retraining_agent.drift import measure_drift, psi, psi_noise, vocabulary_divergence
from services.retraining_agent.traffic_profile import Profile, ProfileBuilder


def profile_of(texts: list[str]) -> Profile:
    builder = ProfileBuilder()
    for text in texts:
        builder.add(text, "credit_card", 0.9)
    return builder.build()


def test_psi_is_that_of_the_textbook() -> None:
    expected, actual = [30, 40, 30], [10, 40, 50]

    value = psi([1000 * count for count in expected], [1000 * count for count in actual])

    assert value == pytest.approx(0.2 * np.log(3) + 0.2 * np.log(5 / 3), rel=1e-3)


def test_equal_shares_have_no_psi_whatever_the_sizes() -> None:
    assert psi([300, 700], [3000, 7000]) == pytest.approx(0, abs=1e-5)


def test_chance_alone_passes_the_noise_level_about_once_in_a_hundred() -> None:
    rng = np.random.default_rng(5)
    shares = [0.1, 0.2, 0.3, 0.25, 0.15]
    bound = psi_noise(bins=5, expected_rows=1000, actual_rows=300)

    passed = sum(
        psi(rng.multinomial(1000, shares).tolist(), rng.multinomial(300, shares).tolist()) > bound
        for _ in range(2000)
    )

    assert 5 <= passed <= 45


def test_other_words_diverge_and_the_same_words_do_not() -> None:
    cards = profile_of(["my card was charged twice"] * 50)
    loans = profile_of(["the servicer lost another mortgage payment"] * 50)

    assert vocabulary_divergence(cards, cards) == pytest.approx(0, abs=1e-9)
    assert vocabulary_divergence(cards, loans) > 0.9


def test_longer_narratives_show_in_the_length_alone() -> None:
    short, long = profile_of(["word " * 30] * 300), profile_of(["word " * 300] * 300)

    drift = measure_drift(short, long)

    assert drift.psi_length > 1
    assert drift.psi_label == drift.psi_confidence == pytest.approx(0, abs=1e-9)
