"""What every row counts, so that a model suits the labels it will meet and not how rows were kept.

A file that is gathered from several samples gives labels away by what is no part of a complaint:
where every row in lower case is of one label, and most rows of that label are in lower case, the
label is learned from the years and the habits of that sample, and missed in all others.
"""

import numpy as np
import numpy.typing as npt

from services.trainer.config import PriorConfig, PriorScope
from services.trainer.dataset import TokenizedSplit


def weigh_rows(split: TokenizedSplit, prior: PriorConfig) -> npt.NDArray[np.float64]:
    """Return weights (rows,) with a mean of 1.

    Under a uniform prior all labels of a scope weigh alike, and as much as they would in a scope
    that has every label: one with a single label tells least, and counts least. Kamiran and Calders
    2012, "Data preprocessing techniques for classification without discrimination", reweighing.
    """
    weights: npt.NDArray[np.float64] = np.ones(len(split))
    if prior.labels == "training":
        return weights
    scopes = _scopes(split, prior.within)
    for scope in np.unique(scopes):
        rows = np.flatnonzero(scopes == scope)
        shares = np.bincount(split.label_ids[rows]) / len(rows)
        weights[rows] = 1 / shares[split.label_ids[rows]]
    weights /= weights.mean()
    return weights


def _scopes(split: TokenizedSplit, within: PriorScope) -> npt.NDArray[np.str_]:
    """Return the name of each row's scope; rows without one share a scope."""
    if within == "file":
        return np.full(len(split), "")
    names = split.sources if within == "source" else split.variants
    return np.array([name or "" for name in names])
