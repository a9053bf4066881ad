from __future__ import annotations

from typing import Any

import pytest

from ops.local.cloud.batch_outcome import Batch, after_invocation, before_invocation
from ops.local.cloud.mapping_fakes import EPOCH, answered, failed, make_records
from ops.local.cloud.mapping_settings import MappingSettings

REPORTING = MappingSettings(report_batch_item_failures=True)


def batch_of(count: int, retries: int = 0) -> Batch:
    return Batch(tuple(make_records(count)), retries=retries)


def names(batch: Batch) -> str:
    return " ".join(record.sequence_number for record in batch.records)


def failures(*identifiers: Any) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": name} for name in identifiers]}


@pytest.mark.parametrize(
    "answer", [None, {}, "", {"batchItemFailures": []}, {"batchItemFailures": None}]
)
def test_an_empty_or_null_answer_is_a_complete_success(answer: Any) -> None:
    outcome = after_invocation(batch_of(3), answered(answer), REPORTING)

    assert (outcome.settled_through, outcome.remaining) == ("3", ())


@pytest.mark.parametrize(
    "answer",
    [
        failures(""),
        failures(None),
        failures(7),
        failures("no such record"),
        {"batchItemFailures": [{"itemIdentifer": "2"}]},
        {"batchItemFailures": ["2"]},
        {"batchItemFailures": "2"},
        ["2"],
    ],
)
def test_an_invalid_answer_is_a_complete_failure(answer: Any) -> None:
    outcome = after_invocation(batch_of(3), answered(answer), REPORTING)

    assert outcome.settled_through is None
    assert [names(batch) for batch in outcome.remaining] == ["1 2 3"]


def test_the_lowest_failed_record_becomes_the_checkpoint() -> None:
    outcome = after_invocation(batch_of(5), answered(failures("5", "3", "4")), REPORTING)

    assert outcome.settled_through == "2"
    assert [names(batch) for batch in outcome.remaining] == ["3 4 5"]


def test_partial_failures_are_ignored_unless_the_mapping_asks_for_them() -> None:
    settings = MappingSettings(report_batch_item_failures=False)

    outcome = after_invocation(batch_of(3), answered(failures("2")), settings)

    assert (outcome.settled_through, outcome.remaining) == ("3", ())


def test_a_failed_batch_is_retried_whole_without_bisect() -> None:
    outcome = after_invocation(batch_of(4), failed(), MappingSettings())

    assert [(names(batch), batch.retries) for batch in outcome.remaining] == [("1 2 3 4", 1)]


def test_retries_wait_twice_as_long_each_time_up_to_a_bound() -> None:
    settings = MappingSettings(retry_backoff_seconds=0.2, maximum_backoff_seconds=10.0)

    pauses = [
        after_invocation(batch_of(1, retries), failed(), settings).delay_seconds
        for retries in (0, 1, 2, 50)
    ]

    assert pauses == [0.2, 0.4, 0.8, 10.0]


def test_bisect_splits_a_failed_batch_in_two_and_uses_no_retry() -> None:
    settings = MappingSettings(bisect_batch_on_function_error=True, maximum_retry_attempts=0)

    outcome = after_invocation(batch_of(5), failed(), settings)

    halves = [(names(batch), batch.retries) for batch in outcome.remaining]
    assert halves == [("1 2 3", 0), ("4 5", 0)]
    assert (outcome.discard, outcome.delay_seconds) == (None, 0.0)


def test_bisect_splits_a_partial_failure_at_the_reported_record_and_uses_no_retry() -> None:
    settings = MappingSettings(
        bisect_batch_on_function_error=True,
        report_batch_item_failures=True,
        maximum_retry_attempts=0,
    )

    outcome = after_invocation(batch_of(5), answered(failures("4")), settings)

    assert outcome.settled_through == "3"
    assert [(names(batch), batch.retries) for batch in outcome.remaining] == [("4 5", 0)]


def test_a_partial_failure_without_bisect_uses_a_retry() -> None:
    outcome = after_invocation(batch_of(3), answered(failures("2")), REPORTING)

    assert [batch.retries for batch in outcome.remaining] == [1]


def test_a_single_record_is_retried_and_not_split() -> None:
    settings = MappingSettings(bisect_batch_on_function_error=True)

    outcome = after_invocation(batch_of(1), failed(), settings)

    assert [(names(batch), batch.retries) for batch in outcome.remaining] == [("1", 1)]


def test_a_batch_out_of_retries_is_discarded_and_passed_over() -> None:
    settings = MappingSettings(maximum_retry_attempts=2)

    outcome = after_invocation(batch_of(3, retries=2), failed(), settings)

    assert outcome.discard is not None
    assert (outcome.discard.condition, names(outcome.discard.batch)) == (
        "RetryAttemptsExhausted",
        "1 2 3",
    )
    assert (outcome.settled_through, outcome.remaining) == ("3", ())


def test_a_partial_failure_out_of_retries_discards_only_the_rest() -> None:
    settings = MappingSettings(maximum_retry_attempts=1, report_batch_item_failures=True)

    outcome = after_invocation(batch_of(3, retries=1), answered(failures("2")), settings)

    assert outcome.discard is not None
    assert names(outcome.discard.batch) == "2 3"
    assert outcome.settled_through == "3"


def test_retries_have_no_limit_by_default() -> None:
    outcome = after_invocation(batch_of(1, retries=9_999), failed(), MappingSettings())

    assert [batch.retries for batch in outcome.remaining] == [10_000]


def test_records_over_the_maximum_age_are_discarded_before_the_invocation() -> None:
    old, fresh = make_records(4, EPOCH)[:2], make_records(4, EPOCH + 100)[2:]
    settings = MappingSettings(maximum_record_age_seconds=60)

    outcome = before_invocation(Batch((*old, *fresh)), now=EPOCH + 110, settings=settings)

    assert outcome.discard is not None
    assert (outcome.discard.condition, names(outcome.discard.batch)) == ("RecordAgeExceeded", "1 2")
    assert (outcome.settled_through, [names(b) for b in outcome.remaining]) == ("2", ["3 4"])


def test_a_record_just_at_the_maximum_age_is_still_processed() -> None:
    settings = MappingSettings(maximum_record_age_seconds=60)

    outcome = before_invocation(batch_of(1), now=EPOCH + 60, settings=settings)

    assert outcome.discard is None


def test_age_has_no_limit_by_default() -> None:
    outcome = before_invocation(batch_of(1), now=EPOCH + 10_000_000, settings=MappingSettings())

    assert outcome.discard is None
