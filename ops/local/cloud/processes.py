"""Child processes of the local cloud: start, log, stop, and never leave an orphan.

Knows nothing of what the children are. Each is the leader of its own session and process group.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from ops.local.cloud.errors import PortInUseError, StartError
from ops.local.cloud.guardian import signal_group

LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.02
_TAIL_BYTES = 2000


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment in which `sys.executable -m` finds all it can import.

    A PEX or a sandbox extends sys.path without telling PYTHONPATH; children need it told.
    """
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    environment["PYTHONUNBUFFERED"] = "1"
    environment["NO_PROXY"] = environment["no_proxy"] = f"{LOOPBACK},localhost"
    environment.update(extra or {})
    return environment


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def claim_port(name: str, port: int | None) -> int:
    """Return the port asked for, or a free one; PortInUseError when it is taken."""
    if port is None:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise PortInUseError(name, port) from error
    return port


@dataclass(frozen=True)
class ProcessSpec:
    """What to run: `python -m module *arguments` unless `command` is given."""

    name: str
    module: str = ""
    arguments: Sequence[str] = ()
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None

    def argv(self) -> list[str]:
        """Return the full command line."""
        return list(self.command) or [sys.executable, "-m", self.module, *self.arguments]


class Child:
    """One running child process and its log file."""

    def __init__(
        self,
        name: str,
        process: subprocess.Popen[bytes],
        log_path: Path,
        on_end: Callable[[int], None],
    ) -> None:
        self.name = name
        self.log_path = log_path
        self._process = process
        self._on_end = on_end

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return the exit code, negative for a signal, or None while it runs."""
        return self.wait(0)

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """Wait for the end; None when it still runs after the timeout."""
        try:
            code = self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return None
        self._on_end(self.pid)
        return code

    def signal(self, number: int) -> bool:
        """Send a signal to the whole process group; False when the child has ended."""
        return self._process.poll() is None and signal_group(self.pid, number)

    def kill(self) -> int:
        """End the child and its group at once, as kill -9 does."""
        return self.stop(grace_seconds=0)

    def stop(self, grace_seconds: float = 5.0) -> int:
        """End the child and its group: SIGTERM, and SIGKILL after the grace period."""
        if grace_seconds > 0 and self.signal(signal.SIGTERM):
            self.wait(grace_seconds)
            signal_group(self.pid, signal.SIGKILL)  # Whoever of the group is left.
        self.signal(signal.SIGKILL)
        code = self._process.wait()
        self._on_end(self.pid)
        return code

    def tail(self) -> str:
        """Return the end of what the child wrote."""
        return self.log_path.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")

    def wait_until_ready(self, is_ready: Callable[[], bool], timeout_seconds: float = 30.0) -> None:
        """Return once is_ready() holds; StartError when the child ends or the time is over."""
        deadline = time.monotonic() + timeout_seconds
        while not is_ready():
            code = self.wait(_POLL_SECONDS)
            if code is not None:
                raise StartError(self.name, f"it ended with exit code {code}", self.log_path)
            if time.monotonic() > deadline:
                self.stop(grace_seconds=1)
                raise StartError(self.name, f"no answer in {timeout_seconds:g} s", self.log_path)


class Processes:
    """Every child of this process; leaving the context stops them, latest first.

    A guardian process watches over them, so that they end too when this process is killed.
    """

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._children: dict[int, Child] = {}
        self._guardian: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop_all()

    def start(self, spec: ProcessSpec) -> Child:
        """Start a child whose output is appended to `<log folder>/<name>.log`."""
        log_path = self._log_folder / f"{spec.name}.log"
        self._log_folder.mkdir(parents=True, exist_ok=True)
        with self._lock, log_path.open("ab") as log:
            guardian = self._running_guardian()
            process = _spawn(spec, log.fileno())
            _tell(guardian, f"+{process.pid}")
            child = Child(spec.name, process, log_path, self._forget)
            self._children[process.pid] = child
        return child

    def stop_all(self, grace_seconds: float = 5.0) -> None:
        """Stop every child, latest first, then the guardian."""
        for child in list(self._children.values())[::-1]:
            child.stop(grace_seconds)
        with self._lock:
            if self._guardian is not None:
                self._guardian.communicate()
                self._guardian = None

    def _running_guardian(self) -> subprocess.Popen[bytes]:
        if self._guardian is None:
            argv = [sys.executable, "-m", "ops.local.cloud.guardian"]
            self._guardian = subprocess.Popen(
                argv, stdin=subprocess.PIPE, env=child_environment(), start_new_session=True
            )
        return self._guardian

    def _forget(self, pid: int) -> None:
        with self._lock:
            if self._children.pop(pid, None) is not None and self._guardian is not None:
                _tell(self._guardian, f"-{pid}")


def _spawn(spec: ProcessSpec, output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        spec.argv(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=child_environment(spec.environment),
        cwd=spec.directory,
        start_new_session=True,
    )


def _tell(guardian: subprocess.Popen[bytes], line: str) -> None:
    assert guardian.stdin is not None
    try:
        guardian.stdin.write(f"{line}\n".encode())
        guardian.stdin.flush()
    except BrokenPipeError:
        pass  # A killed guardian leaves only its own protection undone.
