import numpy as np
import pytest

from services.trainer.config import DataConfig
from services.trainer.errors import DataError, LeakError
from services.trainer.split import (
    EXCLUDED,
    NO_DAY,
    TEST,
    TRAIN,
    VALIDATION,
    SplitFacts,
    assign_splits,
    count_leaks,
)


def facts(rows: int = 1000, clusters: int = 300, seed: int = 2) -> SplitFacts:
    generator = np.random.default_rng(seed)
    cluster_numbers = generator.integers(0, clusters, rows)
    return SplitFacts(
        label_ids=cluster_numbers % 5,
        clusters=cluster_numbers,
        days=generator.integers(16_000, 20_000, rows),
        is_test_file=np.zeros(rows, dtype=np.bool_),
    )


@pytest.mark.parametrize("kind", ["clustered", "temporal"])
def test_no_cluster_is_on_both_sides(kind: str) -> None:
    known = facts(clusters=900)

    splits = assign_splits(known, DataConfig(split=kind))  # type: ignore[arg-type]

    assert count_leaks(splits, known.clusters) == 0


def test_a_clustered_split_keeps_the_wanted_shares_of_every_label() -> None:
    known = facts()

    splits = assign_splits(known, DataConfig(test_fraction=0.2))

    for label_id in range(5):
        share = (splits[known.label_ids == label_id] == TEST).mean()
        assert share == pytest.approx(0.2, abs=0.05)
    assert (splits == VALIDATION).mean() == pytest.approx(0.08, abs=0.03)


def test_the_same_seed_splits_alike_and_another_does_not() -> None:
    known = facts()

    first = assign_splits(known, DataConfig(seed=1))

    assert (first == assign_splits(known, DataConfig(seed=1))).all()
    assert (first != assign_splits(known, DataConfig(seed=2))).any()


def test_a_random_split_may_leak_and_says_so() -> None:
    known = facts()

    splits = assign_splits(known, DataConfig(split="random"))

    assert count_leaks(splits, known.clusters) > 0


def test_a_temporal_split_tests_on_the_latest_and_leaves_the_undated_out() -> None:
    known = facts(clusters=100_000)
    known.days[:10] = NO_DAY

    splits = assign_splits(known, DataConfig(split="temporal"))

    assert (splits[:10] == EXCLUDED).all()
    assert known.days[splits == TRAIN].max() <= known.days[splits == TEST].min()


def test_a_temporal_split_without_dates_is_refused() -> None:
    known = facts()
    known.days[:] = NO_DAY

    with pytest.raises(DataError, match="date_received"):
        assign_splits(known, DataConfig(split="temporal"))


def test_a_near_duplicate_between_data_and_test_file_fails_the_run() -> None:
    known = facts(rows=40, clusters=10_000)
    known.is_test_file[30:] = True
    known.clusters[35] = known.clusters[3]

    with pytest.raises(LeakError, match="1 held-out rows have a near duplicate"):
        assign_splits(known, DataConfig(seed=5, validation_fraction=0.05))


def test_one_class_alone_is_refused() -> None:
    known = facts()
    known.label_ids[:] = 3

    with pytest.raises(DataError, match="1 label: expected at least 2"):
        assign_splits(known, DataConfig())


def test_too_few_rows_for_a_validation_split_are_refused() -> None:
    with pytest.raises(DataError, match="no row is left for validation"):
        assign_splits(facts(rows=12, clusters=1000), DataConfig(validation_fraction=0.01))
