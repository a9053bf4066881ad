"""A sparse model's word on every training row, from folds that leave the row out.

Complaints are labelled by whoever filed them, and some of them are wrong. A model that has not seen
a row doubts such labels; an encoder that learns the doubt learns less of the noise by heart.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedKFold

from libs.heads.postprocess import softmax
from services.trainer.config import NgramConfig
from services.trainer.dataset import TokenizedSplit
from services.trainer.errors import DataError
from services.trainer.ngrams import fit_ngrams
from services.trainer.predict import ngram_scores

FOLDS = 4
TAUGHT_FILE = "taught.npy"


def teach(
    split: TokenizedSplit, num_labels: int, config: NgramConfig, pad_id: int
) -> npt.NDArray[np.float32]:
    """Return out-of-fold probabilities (rows, num_labels).

    Raises DataError for fewer rows of a label than there are folds.
    """
    counts = np.bincount(split.label_ids, minlength=num_labels)
    if 0 < counts[counts > 0].min() < FOLDS:
        raise DataError(
            f"a label has fewer than {FOLDS} training rows, too few for a teacher: "
            "set loss.teacher_share to 0, or add rows"
        )
    taught = np.zeros((len(split), num_labels), dtype=np.float32)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    for seen, unseen in folds.split(taught, split.label_ids):
        branch = fit_ngrams(split.take(seen), num_labels, config)
        taught[unseen] = softmax(ngram_scores(branch, split.take(unseen), pad_id), 1.0)
    return taught


def save_taught(taught: npt.NDArray[np.float32], directory: Path) -> None:
    np.save(directory / TAUGHT_FILE, taught)


def load_taught(directory: Path) -> npt.NDArray[np.float32]:
    """Read what `save_taught` wrote."""
    taught: npt.NDArray[np.float32] = np.load(directory / TAUGHT_FILE, allow_pickle=False)
    return taught
