from __future__ import annotations

from ops.local.cloud.batching import batch_length
from ops.local.cloud.mapping_fakes import make_records
from ops.local.cloud.mapping_settings import MappingSettings

MEGABYTE = 1024 * 1024


def test_a_full_batch_goes_before_its_window_is_over() -> None:
    settings = MappingSettings(batch_size=3, maximum_batching_window_seconds=60)

    count = batch_length(make_records(5), window_seconds_left=59.0, settings=settings)

    assert count == 3


def test_a_batch_that_is_not_full_waits_for_its_window() -> None:
    settings = MappingSettings(batch_size=3, maximum_batching_window_seconds=60)

    count = batch_length(make_records(2), window_seconds_left=0.5, settings=settings)

    assert count == 0


def test_a_batch_that_is_not_full_goes_when_its_window_is_over() -> None:
    settings = MappingSettings(batch_size=3, maximum_batching_window_seconds=60)

    count = batch_length(make_records(2), window_seconds_left=0.0, settings=settings)

    assert count == 2


def test_a_batch_goes_when_the_next_record_would_pass_six_megabytes() -> None:
    # Base64 makes 4 MB of 3 MB: one such record fits into the payload, two do not.
    settings = MappingSettings(batch_size=100, maximum_batching_window_seconds=60)

    count = batch_length(make_records(3, data=bytes(3 * MEGABYTE)), 59.0, settings)

    assert count == 1


def test_a_record_that_alone_passes_the_limit_goes_alone() -> None:
    settings = MappingSettings(batch_size=100)

    count = batch_length(make_records(2, data=bytes(5 * MEGABYTE)), 0.0, settings)

    assert count == 1


def test_nothing_goes_when_nothing_waits() -> None:
    count = batch_length([], window_seconds_left=0.0, settings=MappingSettings())

    assert count == 0
