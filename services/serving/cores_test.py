import os
from pathlib import Path

import pytest

from services.serving.cores import available_cores


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
