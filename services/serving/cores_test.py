import os
from pathlib import Path

import pytest

from services.serving.cores import available_cores, own_cores


@pytest.mark.parametrize(
    ("content", "expected"), [("50000 100000", 1), ("100000 100000", 1), ("nonsense", None)]
)
def test_a_quota_of_the_container_limits_the_cores(
    tmp_path: Path, content: str, expected: int | None
) -> None:
    cpu_max = tmp_path / "cpu.max"
    cpu_max.write_text(content)

    cores = available_cores(cpu_max)

    assert cores == (expected or len(os.sched_getaffinity(0)))


def test_without_a_quota_every_core_counts(tmp_path: Path) -> None:
    assert available_cores(tmp_path / "absent") == len(os.sched_getaffinity(0))


def test_cores_are_ones_own_when_they_are_all_that_there_are() -> None:
    cores = os.sched_getaffinity(0)

    assert set(own_cores(len(cores))) == cores


def test_a_share_of_the_machine_has_no_cores_of_its_own() -> None:
    assert own_cores(len(os.sched_getaffinity(0)) + 1) == ()
