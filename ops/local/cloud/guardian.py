"""Kills registered process groups once its own parent is gone; knows nothing of what they do.

It reads `+<pid>` and `-<pid>` lines from its standard input. The kernel closes that pipe when
the parent ends, kill -9 included, and the end of the pipe is the signal to clean up. Unlike
PR_SET_PDEATHSIG this reaches grandchildren and does not depend on the thread that forked.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 3.0
_LOOK_AGAIN_SECONDS = 0.05


def registered_after(lines: Iterable[str]) -> list[int]:
    """Return the groups still registered after all lines, latest first."""
    groups: list[int] = []
    for line in lines:
        pid = int(line[1:])
        if line.startswith("+"):
            groups.append(pid)
        elif pid in groups:
            groups.remove(pid)
    return groups[::-1]


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; False when no such group is left."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_groups(groups: Iterable[int], grace_seconds: float = GRACE_SECONDS) -> None:
    """Ask all groups to end, then kill those still there after the grace period."""
    left = [group for group in groups if signal_group(group, signal.SIGTERM)]
    deadline = time.monotonic() + grace_seconds
    while left and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_SECONDS)
        left = [group for group in left if signal_group(group, 0)]
    for group in left:
        signal_group(group, signal.SIGKILL)


if __name__ == "__main__":
    end_groups(registered_after(sys.stdin))
