from pathlib import Path

import pytest
import torch

from libs.heads.torch_ngrams import ngram_keys
from services.trainer.config import NgramConfig
from services.trainer.errors import DataError
from services.trainer.ngrams import fit_ngrams, load_ngrams, save_ngrams
from services.trainer.predict import ngram_scores
from services.trainer.testing.token_rows import CARD, CLS, LOAN, SEP, THE, split_of

NUM_LABELS = 5
CARDS_AND_LOANS = split_of(
    [([CLS, THE, CARD, SEP], 0), ([CLS, CARD, THE, SEP], 0)] * 3
    + [([CLS, THE, LOAN, SEP], 3), ([CLS, LOAN, SEP], 3)] * 3
)


def test_the_branch_tells_labels_by_their_words() -> None:
    branch = fit_ngrams(CARDS_AND_LOANS, NUM_LABELS, NgramConfig())

    scores = ngram_scores(branch, CARDS_AND_LOANS, pad_id=0)

    assert scores.shape == (len(CARDS_AND_LOANS), NUM_LABELS)
    assert scores.argmax(axis=1).tolist() == CARDS_AND_LOANS.label_ids.tolist()


def test_ngrams_of_too_few_rows_are_left_out() -> None:
    branch = fit_ngrams(CARDS_AND_LOANS, NUM_LABELS, NgramConfig(minimum_rows=6))

    pair = ngram_keys(torch.tensor([[THE, LOAN]]))[0, 2]
    assert {CARD, LOAN, THE} < set(branch.keys.tolist())
    assert pair not in branch.keys


def test_the_ngrams_that_tell_labels_apart_are_kept() -> None:
    branch = fit_ngrams(CARDS_AND_LOANS, NUM_LABELS, NgramConfig(max_ngrams=4))

    kept = set(branch.keys.tolist())
    assert {CARD, LOAN} < kept
    assert not {CLS, SEP, THE} & kept


def test_no_frequent_ngram_is_an_error_that_names_the_cure() -> None:
    with pytest.raises(DataError, match=r"100 rows: lower ngrams\.minimum_rows"):
        fit_ngrams(CARDS_AND_LOANS, NUM_LABELS, NgramConfig(minimum_rows=100))


def test_a_branch_survives_a_round_trip(tmp_path: Path) -> None:
    branch = fit_ngrams(CARDS_AND_LOANS, NUM_LABELS, NgramConfig())
    save_ngrams(branch, tmp_path)

    restored = load_ngrams(tmp_path)

    ids = torch.tensor([[CLS, THE, CARD, SEP]])
    assert torch.equal(restored(ids), branch(ids))
