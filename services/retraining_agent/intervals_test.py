import numpy as np
import pytest
from sklearn.metrics import f1_score

from services.retraining_agent.intervals import (
    confusion_matrix,
    macro_f1,
    resampled_counts,
    share,
)


def test_the_share_has_wilsons_interval() -> None:
    estimate = share(8, 10)

    assert estimate is not None
    # Wilson (1927), as tabled by Newcombe (1998) for 8 of 10.
    assert (estimate.low, estimate.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_no_rows_have_no_share() -> None:
    assert share(0, 0) is None


def test_macro_f1_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    true, predicted = rng.integers(0, 5, 200), rng.integers(0, 5, 200)

    value = macro_f1(confusion_matrix(true.tolist(), predicted.tolist(), 5))

    assert float(value) == pytest.approx(f1_score(true, predicted, average="macro"))


def test_resamples_keep_the_number_of_rows_and_are_right_on_average() -> None:
    counts = np.array([[30.0, 10.0], [0.0, 60.0]])

    resamples = resampled_counts(counts, 4000, np.random.default_rng(1))

    assert (resamples.sum(axis=(1, 2)) == 100).all()
    assert resamples.mean(axis=0) == pytest.approx(counts, abs=0.5)
