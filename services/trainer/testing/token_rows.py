"""Splits of a few token ids, for tests of what counts n-grams."""

from collections.abc import Sequence

import numpy as np

from services.trainer.dataset import TokenizedSplit

CLS, SEP, CARD, LOAN, THE = 2, 3, 10, 11, 12


def split_of(rows: Sequence[tuple[list[int], int]]) -> TokenizedSplit:
    """Return rows of token ids and label ids as a split."""
    lengths = np.array([len(ids) for ids, _ in rows], dtype=np.int64)
    count = np.zeros(len(rows), dtype=np.int64)
    return TokenizedSplit(
        tokens=np.concatenate([np.array(ids, dtype=np.uint16) for ids, _ in rows]),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        label_ids=np.array([label for _, label in rows], dtype=np.int64),
        token_counts=lengths,
        rows=count,
        years=count,
        sources=(None,) * len(rows),
        variants=(None,) * len(rows),
        issues=(None,) * len(rows),
    )
