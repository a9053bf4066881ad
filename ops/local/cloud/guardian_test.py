from __future__ import annotations

from ops.local.cloud.guardian import registered_after


def test_what_was_taken_off_the_list_is_left_alone() -> None:
    groups = registered_after(["+10\n", "+20\n", "-10\n"])

    assert groups == [20]


def test_the_latest_child_goes_first() -> None:
    groups = registered_after(["+10\n", "+20\n", "+30\n"])

    assert groups == [30, 20, 10]
