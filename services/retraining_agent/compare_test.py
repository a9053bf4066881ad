import numpy as np
import pytest
from sklearn.metrics import f1_score

from services.retraining_agent.compare import Answers, compare, mcnemar_p


def answers(rows: int, champion_errors: float, candidate_errors: float) -> Answers:
    rng = np.random.default_rng(11)
    true = rng.integers(0, 5, rows)

    def wrong(share: float) -> list[int]:
        found: list[int] = np.where(rng.random(rows) < share, (true + 1) % 5, true).tolist()
        return found

    return Answers(true.tolist(), wrong(champion_errors), wrong(candidate_errors))


def test_macro_f1_and_gain_are_those_of_scikit_learn() -> None:
    given = answers(500, 0.3, 0.2)

    found = compare(given, 100)

    champion = f1_score(given.true_ids, given.champion_ids, average="macro")
    candidate = f1_score(given.true_ids, given.candidate_ids, average="macro")
    assert found.champion_macro_f1 == pytest.approx(champion)
    assert found.gain.value == pytest.approx(candidate - champion)


def test_a_clear_gain_has_an_interval_above_zero() -> None:
    gain = compare(answers(1000, 0.3, 0.1), 500).gain

    assert 0 < gain.low < gain.value < gain.high


def test_equal_models_have_no_gain_and_no_interval() -> None:
    given = answers(300, 0.2, 0.2)
    same = Answers(given.true_ids, given.champion_ids, given.champion_ids)

    gain = compare(same, 200).gain

    assert (gain.value, gain.low, gain.high) == (0, 0, 0)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(60):
        true = rng.integers(0, 5, 400)
        champion = np.where(rng.random(400) < 0.3, (true + 1) % 5, true)
        candidate = np.where(rng.random(400) < 0.2, (true + 1) % 5, true)
        gain = compare(Answers(true.tolist(), champion.tolist(), candidate.tolist()), 300).gain
        held += gain.low <= 0.1 <= gain.high

    assert held >= 52


def test_a_row_weighs_as_much_as_its_stratum_stands_for() -> None:
    given = Answers(
        true_ids=[0, 0, 1, 1],
        champion_ids=[0, 0, 0, 0],
        candidate_ids=[0, 0, 1, 1],
        strata=["sure", "sure", "unsure", "unsure"],
        weights=[99.0, 99.0, 1.0, 1.0],
    )

    found = compare(given, 50)

    # 198 of class 0 right, 2 of class 1 taken for it: F1 396 / 398 and 0.
    assert found.champion_macro_f1 == pytest.approx(396 / 398 / 2)
    assert found.candidate_macro_f1 == 1.0


@pytest.mark.parametrize(("one", "other", "p"), [(0, 0, 1.0), (5, 5, 1.0), (0, 10, 2 / 1024)])
def test_mcnemar_is_the_exact_test(one: int, other: int, p: float) -> None:
    assert mcnemar_p(one, other) == pytest.approx(p)
