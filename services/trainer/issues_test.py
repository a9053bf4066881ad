from dataclasses import replace

import pytest
import torch

from services.trainer.dataset import NO_ISSUE
from services.trainer.errors import DataError
from services.trainer.issues import issue_losses, number_issues
from services.trainer.testing.token_rows import CARD, split_of

ROWS = replace(
    split_of([([CARD], label) for label in (0, 0, 2, 2, 2, 2, 0)]),
    issues=("Fees", "Fees", "Fees", "Fees", "Rare", None, ""),
)


def test_an_issue_is_another_one_under_another_label() -> None:
    assert number_issues(ROWS, 2).tolist() == [0, 0, 1, 1, NO_ISSUE, NO_ISSUE, NO_ISSUE]


def test_rows_without_an_issue_keep_none_when_every_issue_is_worth_learning() -> None:
    assert number_issues(ROWS, 1).tolist() == [0, 0, 1, 1, 2, NO_ISSUE, NO_ISSUE]


def test_no_issue_that_is_frequent_enough_is_an_error_with_a_cure() -> None:
    with pytest.raises(DataError, match=r"no issue of a label has 3 training rows: set loss\."):
        number_issues(ROWS, 3)


def test_a_row_without_an_issue_loses_nothing_by_it() -> None:
    losses = issue_losses(torch.tensor([[4.0, 0.0], [4.0, 0.0]]), torch.tensor([1, NO_ISSUE]))

    assert losses[0] == pytest.approx(4.018, abs=1e-3)
    assert losses[1] == 0
