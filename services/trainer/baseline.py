"""What the model has to beat: TF-IDF and a linear SVM, and the frozen encoder with a regression.

Stored as arrays and JSON, never as pickled objects.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from services.trainer.errors import DataError

LabelIds = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

VOCABULARY_FILE = "vocabulary.json"
WEIGHTS_FILE = "weights.npz"
MAX_FEATURES = 300_000


@dataclass(frozen=True)
class LinearModel:
    """Scores = features @ weights + bias; the classes are label ids."""

    weights: Floats
    bias: Floats
    classes: LabelIds

    def predict(self, features: npt.NDArray[np.float64]) -> LabelIds:
        scores = features @ self.weights.T + self.bias
        result: LabelIds = self.classes[np.asarray(scores).argmax(axis=1)]
        return result


class Estimator(Protocol):
    """What a fitted scikit-learn linear classifier has."""

    coef_: Floats
    intercept_: Floats
    classes_: LabelIds


@dataclass(frozen=True)
class TfidfSvm:
    """Words and word pairs weighted by TF-IDF under a linear SVM."""

    vocabulary: dict[str, int]
    idf: Floats
    model: LinearModel

    def predict(self, narratives: Sequence[str]) -> LabelIds:
        vectorizer = _vectorizer(self.vocabulary)
        vectorizer.idf_ = self.idf
        return self.model.predict(vectorizer.transform(narratives))


def fit_tfidf_svm(narratives: Sequence[str], label_ids: LabelIds, seed: int) -> TfidfSvm:
    """Fit the baseline that matches the published headline."""
    vectorizer = _vectorizer()
    features = vectorizer.fit_transform(narratives)
    svm = LinearSVC(C=0.5, random_state=seed).fit(features, label_ids)
    vocabulary = {term: int(column) for term, column in vectorizer.vocabulary_.items()}
    return TfidfSvm(vocabulary, np.asarray(vectorizer.idf_), linear_model(svm))


def fit_regression(features: Floats, label_ids: LabelIds, seed: int) -> LinearModel:
    """Fit a logistic regression on pooled vectors of the encoder as it comes."""
    regression = LogisticRegression(max_iter=1000, random_state=seed)
    return linear_model(regression.fit(features, label_ids))


def linear_model(estimator: Estimator) -> LinearModel:
    """Return a fitted linear classifier as arrays; two classes get a row of scores each."""
    weights, bias = np.asarray(estimator.coef_), np.asarray(estimator.intercept_)
    if len(weights) == 1:
        weights, bias = np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
    return LinearModel(weights, bias, np.asarray(estimator.classes_, dtype=np.int64))


def save_tfidf_svm(baseline: TfidfSvm, directory: Path) -> None:
    terms = sorted(baseline.vocabulary, key=baseline.vocabulary.__getitem__)
    (directory / VOCABULARY_FILE).write_text(json.dumps(terms), encoding="utf-8")
    model = baseline.model
    np.savez_compressed(
        directory / WEIGHTS_FILE,
        idf=baseline.idf,
        weights=model.weights.astype(np.float32),
        bias=model.bias,
        classes=model.classes,
    )


def load_tfidf_svm(directory: Path) -> TfidfSvm:
    """Read what `save_tfidf_svm` wrote; raises DataError."""
    try:
        terms = json.loads((directory / VOCABULARY_FILE).read_text(encoding="utf-8"))
        with np.load(directory / WEIGHTS_FILE, allow_pickle=False) as arrays:
            model = LinearModel(arrays["weights"], arrays["bias"], arrays["classes"])
            idf = arrays["idf"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{directory} holds no readable baseline: run baseline first") from error
    return TfidfSvm({term: column for column, term in enumerate(terms)}, idf, model)


def save_regression(model: LinearModel, directory: Path) -> None:
    np.savez_compressed(
        directory / WEIGHTS_FILE, weights=model.weights, bias=model.bias, classes=model.classes
    )


def load_regression(directory: Path) -> LinearModel:
    """Read what `save_regression` wrote; raises DataError."""
    try:
        with np.load(directory / WEIGHTS_FILE, allow_pickle=False) as arrays:
            return LinearModel(arrays["weights"], arrays["bias"], arrays["classes"])
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{directory} holds no readable baseline: run baseline first") from error


def _vectorizer(vocabulary: dict[str, int] | None = None) -> TfidfVectorizer:
    return TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        max_features=MAX_FEATURES,
        vocabulary=vocabulary,
        dtype=np.float64,
    )
