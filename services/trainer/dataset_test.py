from dataclasses import replace

import numpy as np

from services.trainer.testing.token_rows import CARD, CLS, LOAN, SEP, THE, split_of

SPLIT = split_of([([CLS, CARD, SEP], 0), ([CLS, SEP], 1), ([CLS, THE, LOAN, SEP], 3)])


def test_rows_are_taken_whole_and_in_the_order_asked_for() -> None:
    taught = np.eye(3, dtype=np.float32)

    taken = replace(SPLIT, taught=taught).take(np.array([2, 0]))

    assert [taken[place].input_ids.tolist() for place in range(len(taken))] == [
        [CLS, THE, LOAN, SEP],
        [CLS, CARD, SEP],
    ]
    assert taken.label_ids.tolist() == [3, 0]
    assert taken.taught is not None
    assert taken.taught.tolist() == taught[[2, 0]].tolist()


def test_taking_no_rows_leaves_an_empty_split() -> None:
    assert len(SPLIT.take(np.zeros(0, dtype=np.int64))) == 0
