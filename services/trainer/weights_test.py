from dataclasses import replace

import numpy as np
import pytest

from services.trainer.config import PriorConfig, PriorScope
from services.trainer.dataset import TokenizedSplit
from services.trainer.testing.token_rows import CARD, split_of
from services.trainer.weights import weigh_rows

LABELS = [0, 0, 0, 0, 0, 0, 0, 3]
ROWS = split_of([([CARD], label) for label in LABELS])
# Six of the seven rows with label 0 are in lower case, and nothing else is.
VARIANTS = ("lowercased",) * 6 + (None, "")


def total(label_id: int, weights: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(weights[ROWS.label_ids == label_id].sum())


def test_under_the_prior_of_training_all_rows_count_alike() -> None:
    assert weigh_rows(ROWS, PriorConfig()).tolist() == [1.0] * 8


def test_under_a_uniform_prior_all_labels_count_alike() -> None:
    weights = weigh_rows(ROWS, PriorConfig(labels="uniform"))

    assert total(0, weights) == pytest.approx(total(3, weights))
    assert weights.mean() == pytest.approx(1)


@pytest.mark.parametrize(
    ("within", "split"),
    [
        ("source", replace(ROWS, sources=VARIANTS)),
        ("variant", replace(ROWS, variants=VARIANTS)),
    ],
)
def test_within_a_scope_labels_count_alike_and_a_lone_label_counts_least(
    within: PriorScope, split: TokenizedSplit
) -> None:
    weights = weigh_rows(split, PriorConfig(labels="uniform", within=within))

    assert weights[6] == pytest.approx(weights[7])
    assert weights[:6] == pytest.approx(weights[6] / 2)
    assert weights.mean() == pytest.approx(1)
