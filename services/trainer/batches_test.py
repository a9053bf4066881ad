import numpy as np
import pytest

from services.trainer.batches import BatchPlan, LengthGroupedBatches, collate
from services.trainer.dataset import Example

LENGTHS = np.random.default_rng(1).integers(5, 200, 1003)


def batches(plan: BatchPlan, epoch: int = 0) -> list[list[int]]:
    sampler = LengthGroupedBatches(LENGTHS, plan)
    sampler.set_epoch(epoch)
    return list(sampler)


@pytest.mark.parametrize("group_by_length", [True, False])
def test_an_epoch_has_every_row_once(group_by_length: bool) -> None:
    plan = BatchPlan(batch_size=16, seed=3, group_by_length=group_by_length)

    rows = [row for batch in batches(plan) for row in batch]

    assert sorted(rows) == list(range(len(LENGTHS)))
    assert len(LengthGroupedBatches(LENGTHS, plan)) == len(batches(plan))


def test_seed_and_epoch_alone_decide_the_order() -> None:
    plan = BatchPlan(batch_size=16, seed=3)

    assert batches(plan, epoch=1) == batches(plan, epoch=1)
    assert batches(plan, epoch=1) != batches(plan, epoch=2)
    assert batches(plan) != batches(BatchPlan(batch_size=16, seed=4))


def test_grouping_by_length_leaves_little_padding() -> None:
    def padding(plan: BatchPlan) -> float:
        padded = sum(LENGTHS[batch].max() * len(batch) for batch in batches(plan))
        return 1 - float(LENGTHS.sum()) / float(padded)

    assert padding(BatchPlan(16, 3)) < 0.05 < padding(BatchPlan(16, 3, group_by_length=False))


def test_two_processes_share_the_batches_of_one_with_twice_the_size() -> None:
    def shares(rank: int) -> list[list[int]]:
        plan = BatchPlan(batch_size=8, seed=3, world_size=2, rank=rank)
        return list(LengthGroupedBatches(LENGTHS[:1000], plan))

    whole = list(LengthGroupedBatches(LENGTHS[:1000], BatchPlan(batch_size=16, seed=3)))

    together = [left + right for left, right in zip(shares(0), shares(1), strict=True)]
    assert [sorted(batch) for batch in together] == [sorted(batch) for batch in whole]


def test_no_process_is_left_without_a_row_when_they_do_not_divide() -> None:
    plans = [BatchPlan(batch_size=8, seed=3, world_size=2, rank=rank) for rank in (0, 1)]

    first, second = ([len(batch) for batch in batches(plan)] for plan in plans)

    assert first == second


def test_a_batch_is_padded_to_its_longest_and_masked() -> None:
    examples = [Example(np.array([5, 6, 7]), 1), Example(np.array([8]), 4, weight=2.5)]

    batch = collate(examples, pad_id=0)

    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [1, 4]
    assert batch["weights"].tolist() == [1, 2.5]
