"""Which rows go into which batch, in which order: a pure function of seed and epoch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from services.trainer.dataset import Example

MEGABATCH = 50  # batches whose rows are sorted by length together


@dataclass(frozen=True)
class BatchPlan:
    """How rows become batches. `world_size` processes take a share of each batch."""

    batch_size: int
    seed: int
    group_by_length: bool = True
    world_size: int = 1
    rank: int = 0


class LengthGroupedBatches:
    """A batch sampler. Every process sees the same global batches and takes its own rows of them.

    So two processes with batches of B step through what one process with batches of 2 B does, and
    a run that goes on in the middle of an epoch meets the batches that it would have met.
    """

    def __init__(self, lengths: npt.NDArray[np.int64], plan: BatchPlan) -> None:
        self._lengths = lengths
        self._plan = plan
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return -(-len(self._lengths) // self._global_size)

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self._global_batches():
            yield batch[self._plan.rank :: self._plan.world_size].tolist()

    @property
    def _global_size(self) -> int:
        return self._plan.batch_size * self._plan.world_size

    def _global_batches(self) -> list[npt.NDArray[np.int64]]:
        generator = np.random.default_rng([self._plan.seed, self._epoch])
        order = generator.permutation(len(self._lengths))
        if self._plan.group_by_length:
            order = self._sort_within_megabatches(order)
        batches = np.split(order, range(self._global_size, len(order), self._global_size))
        batches[-1] = self._fill_up(batches[-1])
        return [batches[index] for index in generator.permutation(len(batches))]

    def _fill_up(self, batch: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Repeat a few rows, so that every process gets the same number."""
        missing = -len(batch) % self._plan.world_size
        return np.concatenate([batch, np.resize(batch, missing)])

    def _sort_within_megabatches(self, order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        size = self._global_size * MEGABATCH
        parts = np.split(order, range(size, len(order), size))
        return np.concatenate([self._sorted(part) for part in parts])

    def _sorted(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return rows[np.argsort(-self._lengths[rows], kind="stable")]


def collate(examples: Sequence[Example], pad_id: int) -> dict[str, torch.Tensor]:
    """Pad to the longest: input_ids and attention_mask (batch, length), labels (batch,), int64,
    issues (batch,), int64, and weights (batch,), float32.

    Taught examples add taught (batch, num_labels), float32.
    """
    length = max(len(example.input_ids) for example in examples)
    input_ids = np.full((len(examples), length), pad_id, dtype=np.int64)
    attention_mask = np.zeros((len(examples), length), dtype=np.int64)
    for index, example in enumerate(examples):
        input_ids[index, : len(example.input_ids)] = example.input_ids
        attention_mask[index, : len(example.input_ids)] = 1
    batch = {
        "input_ids": torch.from_numpy(input_ids),
        "attention_mask": torch.from_numpy(attention_mask),
        "labels": torch.tensor([example.label_id for example in examples]),
        "issues": torch.tensor([example.issue_id for example in examples]),
        "weights": torch.tensor([example.weight for example in examples]),
    }
    taught = [example.taught for example in examples if example.taught is not None]
    return {**batch, "taught": torch.from_numpy(np.stack(taught))} if taught else batch
