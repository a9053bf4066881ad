"""Decides when the records read from a shard make a batch. Pure.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from ops.local.cloud.kinesis_records import Record
from ops.local.cloud.mapping_settings import MappingSettings
from ops.local.cloud.runtime_api import MAX_PAYLOAD_BYTES


def batch_length(
    waiting: Sequence[Record], window_seconds_left: float, settings: MappingSettings
) -> int:
    """Return how many waiting records to send now; 0 while there is reason to wait.

    A batch goes when it is full, when the next record would pass the payload limit, or when the
    window is over. A record that alone passes the limit goes alone.
    """
    size = 0
    for count, record in enumerate(islice(waiting, settings.batch_size)):
        size += record.payload_bytes
        if size > MAX_PAYLOAD_BYTES:
            return max(count, 1)
    if len(waiting) >= settings.batch_size:
        return settings.batch_size
    return len(waiting) if window_seconds_left <= 0 else 0
