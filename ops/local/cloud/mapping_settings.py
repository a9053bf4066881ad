"""The settings of an event source mapping for Kinesis, with AWS's names, bounds and defaults.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ops.local.cloud.errors import SettingsError

StartingPosition = Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]
UNLIMITED = -1


@dataclass(frozen=True)
class MappingSettings:
    """One mapping. -1 means without limit, as in the AWS API. Tumbling windows are not offered."""

    batch_size: int = 100
    maximum_batching_window_seconds: float = 0
    bisect_batch_on_function_error: bool = False
    maximum_retry_attempts: int = UNLIMITED
    maximum_record_age_seconds: float = UNLIMITED
    parallelization_factor: int = 1
    on_failure_queue_url: str | None = None
    report_batch_item_failures: bool = False
    starting_position: StartingPosition = "TRIM_HORIZON"
    starting_position_timestamp: float | None = None
    # Not settings of AWS: how often an empty shard is read (Kinesis allows five reads a second;
    # Lambda's documented base rate is one), and how long a failed batch rests before a retry.
    poll_interval_seconds: float = 0.2
    retry_backoff_seconds: float = 0.2
    maximum_backoff_seconds: float = 10.0

    def __post_init__(self) -> None:
        _check("batch_size", self.batch_size, 1, 10_000)
        _check("maximum_batching_window_seconds", self.maximum_batching_window_seconds, 0, 300)
        _check("maximum_retry_attempts", self.maximum_retry_attempts, -1, 10_000)
        # The least is a minute, though the range of the API's field begins at -1:
        # https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
        if self.maximum_record_age_seconds != UNLIMITED:
            _check("maximum_record_age_seconds", self.maximum_record_age_seconds, 60, 604_800)
        _check("parallelization_factor", self.parallelization_factor, 1, 10)
        if self.starting_position == "AT_TIMESTAMP" and self.starting_position_timestamp is None:
            raise SettingsError("starting_position_timestamp", None, "a time for AT_TIMESTAMP")


def _check(field: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SettingsError(field, value, f"a number from {low:g} to {high:g}")
