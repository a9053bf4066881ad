"""Fits the sparse branch: a logistic regression over the token n-grams of the training rows."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from scipy.sparse import csr_matrix
from sklearn.feature_selection import chi2
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from libs.heads.torch_ngrams import NgramBranch, ngram_keys
from services.trainer.baseline import linear_model
from services.trainer.config import NgramConfig
from services.trainer.dataset import TokenizedSplit
from services.trainer.errors import DataError

Keys = npt.NDArray[np.int64]
NGRAMS_FILE = "ngrams.safetensors"
MAX_ITERATIONS = 300


def fit_ngrams(split: TokenizedSplit, num_labels: int, config: NgramConfig) -> NgramBranch:
    """Fit the branch on `split`; raises DataError where no n-gram is frequent enough."""
    rows = np.unique(np.linspace(0, len(split) - 1, min(len(split), config.max_rows), dtype=int))
    label_ids = split.label_ids[rows]
    documents = [distinct_keys(split, row) for row in rows.tolist()]
    keys, counts = _frequent(np.concatenate(documents), config.minimum_rows)
    idf = np.log((1 + len(rows)) / (1 + counts)) + 1
    kept = _telling(_features(documents, keys, idf), label_ids, config.max_ngrams)
    keys, idf = keys[kept], idf[kept]
    regression = LogisticRegression(C=config.inverse_regularization, max_iter=MAX_ITERATIONS)
    weights = None if split.weights is None else split.weights[rows]
    regression.fit(_features(documents, keys, idf), label_ids, sample_weight=weights)
    coefficients, bias = _by_label(regression, num_labels)
    return NgramBranch(
        torch.from_numpy(keys),
        torch.from_numpy(idf.astype(np.float32)),
        torch.from_numpy(coefficients.T.astype(np.float32).copy()),
        torch.from_numpy(bias.astype(np.float32)),
    )


def distinct_keys(split: TokenizedSplit, row: int) -> Keys:
    """Return the ascending keys of the n-grams of one row, each once."""
    ids = torch.from_numpy(split[row].input_ids)[None]
    return np.unique(ngram_keys(ids).numpy()[0])


def _frequent(occurrences: Keys, minimum_rows: int) -> tuple[Keys, Keys]:
    """Return the keys of `minimum_rows` or more, ascending, and in how many rows each occurs."""
    keys, counts = np.unique(occurrences, return_counts=True)
    is_frequent = counts >= minimum_rows
    if not is_frequent.any():
        raise DataError(
            f"no token or pair of tokens occurs in {minimum_rows} rows: lower "
            "ngrams.minimum_rows, or set ngrams.enabled to false"
        )
    return keys[is_frequent], counts[is_frequent]


def _telling(features: csr_matrix, label_ids: Keys, count: int) -> Keys:
    """Return the `count` columns that depend most on the label, ascending.

    Chi-squared selection: Yang and Pedersen 1997, "A Comparative Study on Feature Selection".
    """
    dependence = np.nan_to_num(chi2(features, label_ids)[0])
    return np.sort(np.argsort(-dependence, kind="stable")[:count])


def _features(documents: list[Keys], keys: Keys, idf: npt.NDArray[np.float64]) -> csr_matrix:
    columns = [_known_places(keys, document) for document in documents]
    starts = np.concatenate([[0], np.cumsum([len(found) for found in columns])])
    found = np.concatenate(columns)
    matrix = csr_matrix((idf[found], found, starts), shape=(len(documents), len(keys)))
    return normalize(matrix)


def _known_places(keys: Keys, document: Keys) -> Keys:
    places = np.searchsorted(keys, document)
    places[places == len(keys)] = 0
    known: Keys = places[keys[places] == document]
    return known


def _by_label(
    regression: LogisticRegression, num_labels: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return weights (num_labels, ngrams) and bias; a label without rows gets the least bias."""
    linear = linear_model(regression)
    weights = np.zeros((num_labels, linear.weights.shape[1]))
    bias = np.full(num_labels, linear.bias.min())
    weights[linear.classes], bias[linear.classes] = linear.weights, linear.bias
    return weights, bias


def save_ngrams(branch: NgramBranch, directory: Path) -> None:
    save_file(branch.state_dict(), str(directory / NGRAMS_FILE))


def load_ngrams(directory: Path) -> NgramBranch:
    """Read what `save_ngrams` wrote."""
    return NgramBranch(**load_file(str(directory / NGRAMS_FILE)))
