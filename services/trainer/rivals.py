"""The baselines of a run: fitted on its training rows, judged on the rows that judge the model."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.trainer.baseline import (
    fit_regression,
    fit_tfidf_svm,
    load_regression,
    load_tfidf_svm,
    save_regression,
    save_tfidf_svm,
)
from services.trainer.config import BaselineKind
from services.trainer.dataset import narratives_of, tokenize_split
from services.trainer.model import ModelSource
from services.trainer.predict import cls_vectors
from services.trainer.prepare import PreparedData
from services.trainer.split import TRAIN

LabelIds = npt.NDArray[np.int64]


def fit_baseline(
    kind: BaselineKind, prepared: PreparedData, source: ModelSource, folder: Path, seed: int
) -> None:
    """Fit one baseline on the training rows and write it into `folder`."""
    if kind == "tfidf_svm":
        narratives, label_ids = narratives_of(prepared, TRAIN)
        save_tfidf_svm(fit_tfidf_svm(narratives, label_ids, seed), folder)
    else:
        vectors, label_ids = _vectors(prepared, TRAIN, source)
        save_regression(fit_regression(vectors, label_ids, seed), folder)


def predict_baselines(
    folders: Mapping[BaselineKind, Path], prepared: PreparedData, split: int, source: ModelSource
) -> dict[str, LabelIds]:
    """Return each baseline's label ids for the rows of `split`; raises DataError."""
    predictions: dict[str, LabelIds] = {}
    for kind, folder in folders.items():
        if kind == "tfidf_svm":
            predictions[kind] = load_tfidf_svm(folder).predict(narratives_of(prepared, split)[0])
        else:
            predictions[kind] = load_regression(folder).predict(
                _vectors(prepared, split, source)[0]
            )
    return predictions


def _vectors(
    prepared: PreparedData, split: int, source: ModelSource
) -> tuple[npt.NDArray[np.float64], LabelIds]:
    tokenized = tokenize_split(prepared, split, source.tokenizer)
    vectors = cls_vectors(source.encoder.model, tokenized, source.tokenizer.pad_id)
    return vectors, tokenized.label_ids
