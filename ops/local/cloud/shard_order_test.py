from __future__ import annotations

from ops.local.cloud.shard_order import readable_shards

PARENT_A = {"ShardId": "shard-0"}
PARENT_B = {"ShardId": "shard-1"}
SPLIT = {"ShardId": "shard-2", "ParentShardId": "shard-0"}
MERGED = {"ShardId": "shard-3", "ParentShardId": "shard-0", "AdjacentParentShardId": "shard-1"}


def test_a_child_waits_for_its_parent() -> None:
    readable = readable_shards([PARENT_A, SPLIT], finished=set())

    assert readable == ["shard-0"]


def test_a_child_is_read_once_its_parent_is_finished() -> None:
    readable = readable_shards([PARENT_A, SPLIT], finished={"shard-0"})

    assert readable == ["shard-2"]


def test_a_merged_shard_waits_for_both_parents() -> None:
    readable = readable_shards([PARENT_A, PARENT_B, MERGED], finished={"shard-0"})

    assert readable == ["shard-1"]


def test_a_parent_that_expired_holds_nobody_up() -> None:
    readable = readable_shards([SPLIT], finished=set())

    assert readable == ["shard-2"]
