"""Decides which shards may be read: children only after their parents are read out. Pure.

https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-after-resharding.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any


def readable_shards(shards: Sequence[Mapping[str, Any]], finished: Collection[str]) -> list[str]:
    """Return the unfinished shards of a ListShards answer whose parents are finished or expired."""
    listed = {shard["ShardId"] for shard in shards}
    return [
        shard["ShardId"]
        for shard in shards
        if shard["ShardId"] not in finished
        and all(parent in finished or parent not in listed for parent in _parents(shard))
    ]


def _parents(shard: Mapping[str, Any]) -> list[str]:
    names = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
    return [name for name in names if name]
