"""What a prior is worth to the sparse model, judged on rows that are prepared as served ones are.

Only the sparse model: it is fitted in a minute, and has the same rows to be misled by.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from libs.evaluation.metrics import confusion_matrix, coverage_curve, macro_f1, surest_accuracy
from libs.heads.postprocess import softmax
from libs.labels.schema import LABEL_SCHEMA
from services.trainer.config import PriorConfig, TrainerConfig
from services.trainer.dataset import TokenizedSplit, tokenize_split
from services.trainer.model import ModelSource
from services.trainer.ngrams import fit_ngrams
from services.trainer.predict import ngram_scores
from services.trainer.prepare import DataFiles, prepare
from services.trainer.split import TRAIN, VALIDATION
from services.trainer.weights import weigh_rows

PRIORS = {
    "training": PriorConfig(),
    "uniform": PriorConfig(labels="uniform"),
    "uniform within source": PriorConfig(labels="uniform", within="source"),
    "uniform within variant": PriorConfig(labels="uniform", within="variant"),
}
SERVED_VARIANT = "original"
COPIES = 20
"""How often a row of mean weight is repeated to let labels count alike."""


class PriorRow(msgspec.Struct, frozen=True):
    """A prior, and the model that was fitted under it."""

    prior: str
    macro_f1: float
    accuracy_at_80: float
    """Of the 80 % surest."""


def measure_priors(
    data: Path, config: TrainerConfig, work: Path, say: Callable[[PriorRow], None]
) -> list[PriorRow]:
    """Fit under every prior, judge on served validation rows with every label counted alike."""
    prepared, source = prepare(DataFiles(data), config.data, work), ModelSource(config)
    train = tokenize_split(prepared, TRAIN, source.tokenizer)
    served = _served(tokenize_split(prepared, VALIDATION, source.tokenizer))
    rows = []
    for name, prior in PRIORS.items():
        weighed = replace(train, weights=weigh_rows(train, prior))
        branch = fit_ngrams(weighed, len(LABEL_SCHEMA), config.ngrams)
        probabilities = softmax(ngram_scores(branch, served, source.tokenizer.pad_id), 1.0)
        rows.append(PriorRow(name, *_judge(probabilities, served.label_ids)))
        say(rows[-1])
    return rows


def _served(split: TokenizedSplit) -> TokenizedSplit:
    """Return the rows prepared as served ones are, repeated until labels count about alike."""
    served = split.take(np.flatnonzero(np.array(split.variants) == SERVED_VARIANT))
    weights = weigh_rows(served, PRIORS["uniform"])
    return served.take(np.repeat(np.arange(len(served)), np.round(COPIES * weights).astype(int)))


def _judge(
    probabilities: npt.NDArray[np.float64], label_ids: npt.NDArray[np.int64]
) -> tuple[float, float]:
    confusion = confusion_matrix(label_ids, probabilities.argmax(axis=1), len(LABEL_SCHEMA))
    return float(macro_f1(confusion)), surest_accuracy(coverage_curve(probabilities, label_ids))
