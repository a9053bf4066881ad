from itertools import chain
from pathlib import Path
from threading import Barrier, Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.artifact.archive import unpack_artifact
from libs.artifact.manifest import MODEL_FILE
from services.serving.errors import StartError
from services.serving.pool_spec import Logits, PoolSpec
from services.serving.session_pool import SessionPool, token_budget_batches
from services.serving.testing.tiny_artifact import TinySpec, write_tiny_archive

TRIALS = 5
SEQUENCES = [[2, *range(4, 4 + length), 3] for length in (1, 5, 9, 17, 30)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    artifact = unpack_artifact(write_tiny_archive(folder, TinySpec(width=64)), folder / "unpacked")
    return artifact.path(MODEL_FILE)


class StopWatch:
    """A clock on which one run after the other takes the next of `seconds`."""

    def __init__(self, *seconds: float) -> None:
        self._ticks = chain.from_iterable((0.0, run) for run in seconds for _ in range(TRIALS))

    def __call__(self) -> float:
        return next(self._ticks)


def test_one_core_and_all_cores_give_the_same_bits(model: Path) -> None:
    pool = SessionPool(model, PoolSpec(cores=4))
    pool.calibrate(SEQUENCES[-1], clock=StopWatch(1.0, 0.5, 0.6))

    narrow = pool.run(SEQUENCES, is_alone=False)
    wide = [pool.run([sequence], is_alone=True)[0] for sequence in SEQUENCES]

    assert pool.uses_wide
    assert all(np.array_equal(a, b) for a, b in zip(narrow, wide, strict=True))


def test_an_answer_is_the_same_bits_while_others_are_computed(model: Path) -> None:
    pool = SessionPool(model, PoolSpec(cores=2))
    expected = pool.run(SEQUENCES, is_alone=False)
    barrier = Barrier(4)
    rounds: list[list[Logits]] = []

    def compute() -> None:
        barrier.wait(timeout=30)
        rounds.extend(pool.run(SEQUENCES, is_alone=False) for _ in range(20))

    threads = [Thread(target=compute) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(rounds) == 80
    assert all(np.array_equal(a, b) for got in rounds for a, b in zip(got, expected, strict=True))


def test_token_budget_batches_come_back_in_the_order_asked(model: Path) -> None:
    alone = SessionPool(model, PoolSpec(cores=1))
    batched = SessionPool(model, PoolSpec(cores=1, batch_tokens=40))
    shuffled = [SEQUENCES[index] for index in (3, 0, 4, 1, 2)]

    rows = batched.run(shuffled, is_alone=False)

    expected: list[Logits] = alone.run(shuffled, is_alone=False)
    np.testing.assert_allclose(np.stack(rows), np.stack(expected), rtol=1e-4, atol=1e-5)


def test_a_wide_session_that_is_hardly_faster_is_not_used(model: Path) -> None:
    pool = SessionPool(model, PoolSpec(cores=2))

    narrow_seconds = pool.calibrate(SEQUENCES[-1], clock=StopWatch(1.0, 0.95, 1.2))

    assert not pool.uses_wide
    assert narrow_seconds == 1.0


def test_a_provider_that_is_not_there_is_named(model: Path) -> None:
    with pytest.raises(StartError, match="NoSuchExecutionProvider"):
        SessionPool(model, PoolSpec(cores=1, providers=("NoSuchExecutionProvider",)))


@given(st.lists(st.integers(1, 512), max_size=60), st.integers(1, 4096))
def test_batches_keep_the_budget_and_every_sequence(lengths: list[int], budget: int) -> None:
    batches = token_budget_batches(lengths, budget)

    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = len(batch) * max(lengths[index] for index in batch)
        assert padded <= budget or len(batch) == 1
