"""Decides what follows an invocation: what is settled, discarded, or tried again. Pure.

Retries, bisecting, discarding:
  https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
Partial failures, and which answers count as complete success or complete failure:
  https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from ops.local.cloud.kinesis_records import Record
from ops.local.cloud.lambda_function import InvocationResult
from ops.local.cloud.mapping_settings import UNLIMITED, MappingSettings

Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]


@dataclass(frozen=True)
class Batch:
    """Consecutive records of one shard, and how often they were tried.

    `retries` counts against the quota; `invocations` counts every attempt, splits included.
    """

    records: tuple[Record, ...]
    retries: int = 0
    invocations: int = 0

    @property
    def last(self) -> str:
        """The sequence number of the last record."""
        return self.records[-1].sequence_number


@dataclass(frozen=True)
class Discard:
    """Records given up, and why."""

    batch: Batch
    condition: Condition
    result: InvocationResult | None = None


@dataclass(frozen=True)
class Outcome:
    """What to do next: discard, checkpoint at `settled_through`, then go on with `remaining`."""

    settled_through: str | None = None
    discard: Discard | None = None
    remaining: tuple[Batch, ...] = ()
    delay_seconds: float = 0.0
    is_split: bool = False


def before_invocation(batch: Batch, now: float, settings: MappingSettings) -> Outcome:
    """Give up the leading records that are older than the mapping allows; the rest remains."""
    limit = settings.maximum_record_age_seconds
    if limit == UNLIMITED:
        return Outcome(remaining=(batch,))
    fresh = next(
        (i for i, record in enumerate(batch.records) if now - record.arrived_at <= limit),
        len(batch.records),
    )
    if fresh == 0:
        return Outcome(remaining=(batch,))
    expired, rest = _split(batch, fresh)
    return Outcome(
        settled_through=expired.last,
        discard=Discard(expired, "RecordAgeExceeded"),
        remaining=(rest,) if rest.records else (),
    )


def after_invocation(batch: Batch, result: InvocationResult, settings: MappingSettings) -> Outcome:
    """Decide from the function's answer."""
    tried = replace(batch, invocations=batch.invocations + 1)
    failed_at = first_failure(tried, result, settings)
    if failed_at is None:
        return Outcome(settled_through=tried.last)
    if failed_at == 0:
        return _complete_failure(tried, result, settings)
    return _partial_failure(tried, failed_at, result, settings)


def first_failure(batch: Batch, result: InvocationResult, settings: MappingSettings) -> int | None:
    """Return the index of the record to resume at; None on success, 0 on complete failure."""
    if result.function_error is not None:
        return 0
    if not settings.report_batch_item_failures or not result.payload:
        return None
    if not isinstance(result.payload, dict):
        return 0
    failures = result.payload.get("batchItemFailures")
    if not failures:
        return None
    indices = {record.sequence_number: i for i, record in enumerate(batch.records)}
    found = [_index(item, indices) for item in failures] if isinstance(failures, list) else [0]
    return min(found)


def _index(item: Any, indices: dict[str, int]) -> int:
    """Return where the named record is; 0, a complete failure, for a name that fits no record."""
    name = item.get("itemIdentifier") if isinstance(item, dict) else None
    return indices.get(name, 0) if isinstance(name, str) else 0


def _complete_failure(batch: Batch, result: InvocationResult, settings: MappingSettings) -> Outcome:
    if settings.bisect_batch_on_function_error and len(batch.records) > 1:
        return Outcome(remaining=_split(batch, (len(batch.records) + 1) // 2), is_split=True)
    return _retry(batch, result, settings)


def _partial_failure(
    batch: Batch, failed_at: int, result: InvocationResult, settings: MappingSettings
) -> Outcome:
    done, rest = _split(batch, failed_at)
    if settings.bisect_batch_on_function_error:
        return Outcome(settled_through=done.last, remaining=(rest,), is_split=True)
    outcome = _retry(rest, result, settings)
    return replace(outcome, settled_through=outcome.settled_through or done.last)


def _retry(batch: Batch, result: InvocationResult, settings: MappingSettings) -> Outcome:
    """Try once more, after a pause that doubles each time, unless the quota is used up."""
    limit = settings.maximum_retry_attempts
    if limit != UNLIMITED and batch.retries >= limit:
        discard = Discard(batch, "RetryAttemptsExhausted", result)
        return Outcome(settled_through=batch.last, discard=discard)
    pause = settings.retry_backoff_seconds * 2 ** min(batch.retries, 16)
    return Outcome(
        remaining=(replace(batch, retries=batch.retries + 1),),
        delay_seconds=min(pause, settings.maximum_backoff_seconds),
    )


def _split(batch: Batch, index: int) -> tuple[Batch, Batch]:
    return (
        replace(batch, records=batch.records[:index]),
        replace(batch, records=batch.records[index:]),
    )
