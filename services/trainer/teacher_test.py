from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.trainer.config import NgramConfig
from services.trainer.errors import DataError
from services.trainer.teacher import load_taught, save_taught, teach
from services.trainer.testing.token_rows import CARD, CLS, LOAN, SEP, THE, split_of

NUM_LABELS, PAD = 5, 0
CARDS_AND_LOANS = split_of(
    [([CLS, THE, CARD, SEP], 0), ([CLS, CARD, THE, SEP], 0)] * 8
    + [([CLS, THE, LOAN, SEP], 3), ([CLS, LOAN, SEP], 3)] * 8
)


def test_the_teacher_doubts_a_label_that_the_words_speak_against() -> None:
    label_ids = CARDS_AND_LOANS.label_ids.copy()
    label_ids[0] = 3
    mislabelled = replace(CARDS_AND_LOANS, label_ids=label_ids)

    taught = teach(mislabelled, NUM_LABELS, NgramConfig(), PAD)

    given = taught[np.arange(len(label_ids)), label_ids]
    assert given[0] < 0.5
    assert (given[1:] > 0.5).all()
    assert taught.sum(axis=1) == pytest.approx(1)


def test_a_label_with_fewer_rows_than_folds_is_an_error_that_names_the_cure() -> None:
    label_ids = CARDS_AND_LOANS.label_ids.copy()
    label_ids[0] = 4

    with pytest.raises(DataError, match=r"set loss\.teacher_share to 0"):
        teach(replace(CARDS_AND_LOANS, label_ids=label_ids), NUM_LABELS, NgramConfig(), PAD)


def test_what_was_taught_survives_a_round_trip(tmp_path: Path) -> None:
    taught = teach(CARDS_AND_LOANS, NUM_LABELS, NgramConfig(), PAD)
    save_taught(taught, tmp_path)

    assert np.array_equal(load_taught(tmp_path), taught)
