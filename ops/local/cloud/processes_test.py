"""Real children: that they can be started from anywhere, and that none is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.local.cloud.errors import PortInUseError, StartError
from ops.local.cloud.processes import (
    LOOPBACK,
    Processes,
    ProcessSpec,
    child_environment,
    claim_port,
    free_port,
)

# A program that tells a port its pid and then holds the connection until it ends.
HOLD = (
    "import os, socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1])));"
    "s.sendall(b'%d.' % os.getpid()); s.recv(1)"
)
# The same after SIGTERM was disabled, from a grandchild.
STUBBORN = (
    "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    f"subprocess.run([sys.executable, '-c', {HOLD!r}, sys.argv[1]])"
)
# A parent that starts one child under Processes and waits.
PARENT = (
    "import pathlib, sys; from ops.local.cloud.processes import *;"
    "ps = Processes(pathlib.Path(sys.argv[1]));"
    f"ps.start(ProcessSpec('held', command=[sys.executable, '-c', {HOLD!r}, sys.argv[2]])).wait()"
)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.settimeout(20)
        yield listener


def port_of(listener: socket.socket) -> str:
    return str(listener.getsockname()[1])


def accepted(listener: socket.socket) -> tuple[socket.socket, int]:
    """Return the connection of a program that holds, and the pid it told."""
    connection, _ = listener.accept()
    connection.settimeout(20)
    told = b""
    while not told.endswith(b"."):
        told += connection.recv(20)
    return connection, int(told[:-1])


def test_a_module_of_ours_runs_as_a_child_from_any_folder(tmp_path: Path) -> None:
    spec = ProcessSpec("g", module="ops.local.cloud.guardian", directory=tmp_path)

    with Processes(tmp_path) as processes:
        code = processes.start(spec).wait(20)

    assert code == 0


def test_children_see_what_is_added_to_their_environment(tmp_path: Path) -> None:
    program = [sys.executable, "-c", "import os; print(os.environ['GREETING'])"]
    spec = ProcessSpec("env", command=program, environment={"GREETING": "hello"})

    with Processes(tmp_path) as processes:
        child = processes.start(spec)
        child.wait(20)

    assert child.tail() == "hello\n"


def test_leaving_the_context_ends_a_child_that_ignores_sigterm_and_its_children(
    tmp_path: Path, listener: socket.socket
) -> None:
    processes = Processes(tmp_path)
    command = [sys.executable, "-c", STUBBORN, port_of(listener)]
    processes.start(ProcessSpec("stubborn", command=command))
    connection, _ = accepted(listener)

    processes.stop_all(grace_seconds=0.1)

    with connection:
        assert connection.recv(1) == b""


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path, listener: socket.socket) -> None:
    argv = [sys.executable, "-c", PARENT, str(tmp_path), port_of(listener)]
    with subprocess.Popen(argv, env=child_environment()) as parent:
        connection, pid = accepted(listener)

        os.kill(parent.pid, signal.SIGKILL)

        with connection:
            assert (connection.recv(1), pid != parent.pid) == (b"", True)


def test_a_child_that_ends_before_it_is_ready_is_named_with_its_log(tmp_path: Path) -> None:
    spec = ProcessSpec("broken", command=[sys.executable, "-c", "raise SystemExit(3)"])

    with Processes(tmp_path) as processes:
        child = processes.start(spec)
        with pytest.raises(StartError, match=r"broken did not start: .*exit code 3.*broken\.log"):
            child.wait_until_ready(lambda: False)


def test_a_child_that_stays_silent_is_stopped(tmp_path: Path, listener: socket.socket) -> None:
    command = [sys.executable, "-c", HOLD, port_of(listener)]

    with Processes(tmp_path) as processes:
        child = processes.start(ProcessSpec("silent", command=command))
        with pytest.raises(StartError, match="no answer in 0 s"):
            child.wait_until_ready(lambda: False, timeout_seconds=0)

    assert child.exit_code() is not None


def test_a_port_in_use_is_named(listener: socket.socket) -> None:
    port = int(port_of(listener))

    with pytest.raises(PortInUseError, match=f"thing cannot start: port {port}"):
        claim_port("thing", port)


def test_a_free_port_can_be_claimed() -> None:
    port = free_port()

    assert claim_port("thing", port) == port
