"""Finds and kills the processes in which the function runs."""

import os
import signal
from pathlib import Path

from ops.local.cloud.processes import Child


def kill_function(mapping: Child) -> bool:
    """Kill -9 every runtime process below a mapping; False while there is none."""
    killed = [
        _kill_runtime(int(pid))
        for children in Path(f"/proc/{mapping.pid}/task").glob("*/children")
        for pid in children.read_text().split()
    ]
    return any(killed)


def _kill_runtime(pid: int) -> bool:
    """Kill the process if it is a runtime; False for any other, and for one that is gone."""
    try:
        if b"awslambdaric" not in Path(f"/proc/{pid}/cmdline").read_bytes():
            return False
        os.kill(pid, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return True
