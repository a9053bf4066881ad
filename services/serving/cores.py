"""How many cores this process may use: its affinity, cut by the container's CPU quota."""

import math
import os
from pathlib import Path

CGROUP_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def available_cores(cpu_max: Path = CGROUP_CPU_MAX) -> int:
    """Return the number of cores, at least 1."""
    return max(1, min(len(os.sched_getaffinity(0)), _quota(cpu_max)))


def _quota(cpu_max: Path) -> int:
    """cgroup v2 writes `<quota> <period>` in microseconds, or `max <period>` for no limit."""
    try:
        quota, period = cpu_max.read_text().split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return 1 << 16
