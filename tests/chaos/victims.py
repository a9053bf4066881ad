"""Finds and kills the processes in which the function runs."""

import os
import signal
from pathlib import Path

from ops.local.cloud.processes import Child


def kill_function(mapping: Child) -> bool:
    """Kill -9 every runtime process below a mapping; False while there is none."""
    pids = [
        int(pid)
        for children in Path(f"/proc/{mapping.pid}/task").glob("*/children")
        for pid in children.read_text().split()
        if b"awslambdaric" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return bool(pids)
