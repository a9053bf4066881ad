"""Decides which row trains, validates or tests. Knows numbers only, neither files nor text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.trainer.config import DataConfig
from services.trainer.errors import DataError, LeakError

TRAIN, VALIDATION, TEST, EXCLUDED = 0, 1, 2, 3
SPLIT_NAMES = ("train", "validation", "test", "excluded")

NO_DAY = np.iinfo(np.int32).min

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SplitFacts:
    """What is known of every row, one array element a row."""

    label_ids: Numbers
    clusters: Numbers
    """Equal for exact and near duplicates."""
    days: Numbers
    """Days since 1970, NO_DAY where the date is missing."""
    is_test_file: npt.NDArray[np.bool_]
    """Rows of a test file of its own: they test, whatever the kind of split."""


def assign_splits(facts: SplitFacts, config: DataConfig) -> npt.NDArray[np.int8]:
    """Return TRAIN, VALIDATION, TEST or EXCLUDED for every row; raises DataError or LeakError."""
    generator = np.random.default_rng(config.seed)
    splits = np.where(facts.is_test_file, TEST, TRAIN).astype(np.int8)
    if not facts.is_test_file.any() and config.test_fraction > 0:
        splits = _assign_test(facts, config, generator)
    units = np.arange(len(splits)) if config.split == "random" else facts.clusters
    train = splits == TRAIN
    chosen = _draw(facts.label_ids, units, train, config.validation_fraction, generator)
    splits[chosen] = VALIDATION
    _require_usable(splits, facts.label_ids)
    if config.check_leaks and config.split != "random":
        require_no_leak(splits, facts.clusters)
    return splits


def count_leaks(splits: npt.NDArray[np.int8], clusters: Numbers) -> int:
    """Return how many validation and test rows have a near duplicate among the training rows."""
    held_out = np.isin(splits, (VALIDATION, TEST))
    return int(np.isin(clusters[held_out], clusters[splits == TRAIN]).sum())


def require_no_leak(splits: npt.NDArray[np.int8], clusters: Numbers) -> None:
    """Raise LeakError when a near duplicate of a training row validates or tests."""
    leaks = count_leaks(splits, clusters)
    if leaks:
        raise LeakError(
            f"{leaks} held-out rows have a near duplicate among the training rows: "
            "take them out of one side, or set data.check_leaks to false"
        )


def _assign_test(
    facts: SplitFacts, config: DataConfig, generator: np.random.Generator
) -> npt.NDArray[np.int8]:
    splits = np.full(len(facts.label_ids), TRAIN, dtype=np.int8)
    everyone = np.ones(len(splits), dtype=np.bool_)
    if config.split == "temporal":
        return _assign_latest(facts, config.test_fraction)
    units = np.arange(len(splits)) if config.split == "random" else facts.clusters
    splits[_draw(facts.label_ids, units, everyone, config.test_fraction, generator)] = TEST
    return splits


def _assign_latest(facts: SplitFacts, fraction: float) -> npt.NDArray[np.int8]:
    """The latest rows test. Rows without a date, and earlier near duplicates of a test row, do
    nothing: the first could be later than the test rows, the second would leak."""
    dated = facts.days != NO_DAY
    if dated.sum() < 2:
        raise DataError("a temporal split needs a column date_received with ISO dates")
    cut = np.quantile(facts.days[dated], 1 - fraction, method="lower")
    splits = np.where(dated, TRAIN, EXCLUDED).astype(np.int8)
    splits[dated & (facts.days > cut)] = TEST
    leaking = np.isin(facts.clusters, facts.clusters[splits == TEST])
    splits[(splits == TRAIN) & leaking] = EXCLUDED
    return splits


def _draw(
    label_ids: Numbers,
    units: Numbers,
    eligible: npt.NDArray[np.bool_],
    fraction: float,
    generator: np.random.Generator,
) -> npt.NDArray[np.bool_]:
    """Choose whole units with about `fraction` of the eligible rows of every label."""
    rows = np.flatnonzero(eligible)
    _, first, unit_of_row, sizes = np.unique(
        units[rows], return_index=True, return_inverse=True, return_counts=True
    )
    unit_labels = label_ids[rows][first]
    chosen = np.zeros(len(sizes), dtype=np.bool_)
    for label_id in np.unique(unit_labels):
        members = generator.permutation(np.flatnonzero(unit_labels == label_id))
        filled = np.cumsum(sizes[members]) - sizes[members] / 2
        chosen[members[filled <= fraction * sizes[members].sum()]] = True
    result = np.zeros(len(label_ids), dtype=np.bool_)
    result[rows[chosen[unit_of_row]]] = True
    return result


def _require_usable(splits: npt.NDArray[np.int8], label_ids: Numbers) -> None:
    labels = np.unique(label_ids[splits == TRAIN])
    if len(labels) < 2:
        raise DataError(
            f"the training rows have {len(labels)} label{'' if len(labels) == 1 else 's'}: "
            "expected at least 2"
        )
    for split in (VALIDATION, TEST):
        if split == TEST and not (splits == TEST).any():
            continue
        if not (splits == split).any():
            raise DataError(f"no row is left for {SPLIT_NAMES[split]}: expected more rows")


def count_splits(
    splits: npt.NDArray[np.int8], label_ids: Numbers, names: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Return rows by split and label name."""
    return {
        split_name: {
            name: int(((splits == split) & (label_ids == label_id)).sum())
            for label_id, name in enumerate(names)
        }
        for split, split_name in enumerate(SPLIT_NAMES)
    }
