from __future__ import annotations

from typing import Any

import pytest

from ops.local.cloud.errors import SettingsError
from ops.local.cloud.mapping_settings import MappingSettings


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("batch_size", 0),
        ("batch_size", 10_001),
        ("maximum_batching_window_seconds", 301),
        ("maximum_retry_attempts", -2),
        ("maximum_record_age_seconds", 59),
        ("maximum_record_age_seconds", 604_801),
        ("parallelization_factor", 11),
    ],
)
def test_a_setting_outside_the_bounds_of_aws_is_refused_by_name(field: str, value: int) -> None:
    settings: dict[str, Any] = {field: value}

    with pytest.raises(SettingsError, match=f"{field} is {value}"):
        MappingSettings(**settings)


def test_starting_at_a_time_needs_the_time() -> None:
    with pytest.raises(SettingsError, match="starting_position_timestamp"):
        MappingSettings(starting_position="AT_TIMESTAMP")


def test_the_defaults_are_those_of_aws() -> None:
    settings = MappingSettings()

    assert (settings.batch_size, settings.maximum_batching_window_seconds) == (100, 0)
    assert (settings.maximum_retry_attempts, settings.maximum_record_age_seconds) == (-1, -1)
    assert not settings.bisect_batch_on_function_error
