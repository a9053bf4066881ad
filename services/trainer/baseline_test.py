from pathlib import Path

import numpy as np
import pytest

from services.trainer.baseline import (
    fit_regression,
    fit_tfidf_svm,
    load_regression,
    load_tfidf_svm,
    save_regression,
    save_tfidf_svm,
)
from services.trainer.errors import DataError
from services.trainer.testing.complaints import invented_rows
from services.trainer.testing.tiny_encoder import TOPICS

ROWS = invented_rows(150)
NARRATIVES = [row["narrative"] for row in ROWS]
LABEL_IDS = np.array([list(TOPICS).index(row["label"]) for row in ROWS], dtype=np.int64)


def test_the_svm_learns_and_survives_a_round_trip_without_pickle(tmp_path: Path) -> None:
    svm = fit_tfidf_svm(NARRATIVES[:100], LABEL_IDS[:100], seed=1)
    before = svm.predict(NARRATIVES[100:])

    save_tfidf_svm(svm, tmp_path)

    assert (load_tfidf_svm(tmp_path).predict(NARRATIVES[100:]) == before).all()
    assert (before == LABEL_IDS[100:]).mean() > 0.9
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".npz"]


@pytest.mark.parametrize("labels", [2, 5])
def test_the_regression_survives_a_round_trip_with_two_labels_or_more(
    tmp_path: Path, labels: int
) -> None:
    generator = np.random.default_rng(1)
    label_ids = np.arange(60) % labels
    vectors = np.eye(labels)[label_ids] + generator.normal(0, 0.1, (60, labels))

    save_regression(fit_regression(vectors, label_ids, seed=1), tmp_path)

    assert (load_regression(tmp_path).predict(vectors) == label_ids).all()


def test_a_missing_baseline_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no readable baseline: run baseline first"):
        load_tfidf_svm(tmp_path / "absent")
