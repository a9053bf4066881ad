from __future__ import annotations

from pathlib import Path

import pytest

from ops.local.cloud.checkpoints import (
    Checkpoint,
    CheckpointStore,
    FileCheckpoints,
    MemoryCheckpoints,
)


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> CheckpointStore:
    return FileCheckpoints(tmp_path) if request.param == "file" else MemoryCheckpoints()


def test_a_lane_without_checkpoint_starts_empty(store: CheckpointStore) -> None:
    checkpoint = store.load("shard-0")

    assert checkpoint == Checkpoint(None, is_finished=False)


def test_the_last_saved_checkpoint_counts(store: CheckpointStore) -> None:
    store.save("shard-0", Checkpoint("5"))
    store.save("shard-0", Checkpoint("9", is_finished=True))

    checkpoint = store.load("shard-0")

    assert checkpoint == Checkpoint("9", is_finished=True)


def test_the_moment_of_creation_never_changes(store: CheckpointStore) -> None:
    first = store.created_at(now=100.0)

    second = store.created_at(now=200.0)

    assert (first, second) == (100.0, 100.0)


def test_checkpoints_in_files_outlive_the_process(tmp_path: Path) -> None:
    FileCheckpoints(tmp_path).save("shard-0.1of2", Checkpoint("7"))

    checkpoint = FileCheckpoints(tmp_path).load("shard-0.1of2")

    assert checkpoint == Checkpoint("7")


def test_a_half_written_file_is_never_read(tmp_path: Path) -> None:
    store = FileCheckpoints(tmp_path)
    store.save("shard-0", Checkpoint("7"))

    (tmp_path / "shard-0.tmp").write_text('{"sequence_num')

    assert store.load("shard-0") == Checkpoint("7")
