"""The cores that this process may use: its affinity, cut by the container's CPU quota."""

import math
import os
from pathlib import Path

CGROUP_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def available_cores(cpu_max: Path = CGROUP_CPU_MAX) -> int:
    """Return the number of cores, at least 1."""
    return max(1, min(len(os.sched_getaffinity(0)), _quota(cpu_max)))


def own_cores(count: int) -> tuple[int, ...]:
    """Return the numbers of the cores, where `count` is all there are; else none.

    What a quota gives is time on any core of the machine: a thread tied to one of them would wait
    there for neighbours while others are idle.
    """
    cores = sorted(os.sched_getaffinity(0))
    return tuple(cores) if len(cores) == count else ()


def _quota(cpu_max: Path) -> int:
    """cgroup v2 writes `<quota> <period>` in microseconds, or `max <period>` for no limit."""
    try:
        quota, period = cpu_max.read_text().split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return 1 << 16
