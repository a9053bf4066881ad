"""The servers that are measured, as processes on loopback ports."""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ops.local.cloud.processes import free_port

START_SECONDS = 300


class BenchError(Exception):
    """A server that does not start, or a run that measured nothing."""


@dataclass(frozen=True)
class Dialect:
    """How a server is asked whether it is ready, and to classify one narrative."""

    ready_path: str = "/ping"
    path: str = "/invocations"
    before: str = '{"text": '
    after: str = "}"

    def request(self, narrative: str) -> str:
        """Return the JSON body for `narrative`."""
        return f"{self.before}{json.dumps(narrative)}{self.after}"


OURS = Dialect()


@dataclass(frozen=True)
class Server:
    """A server that answered /ping with 200 after `ready_seconds`."""

    process: "subprocess.Popen[bytes]"
    port: int
    ready_seconds: float
    dialect: Dialect

    def worker_memory_mebibytes(self) -> list[float]:
        """Resident memory of each child process."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [_resident_mebibytes(int(pid)) for pid in children.split()]


@contextmanager
def serve_artifact(artifact: Path, **environ: str) -> Iterator[Server]:
    """Run the serving container on `artifact` with default settings but for `environ`."""
    port = free_port()
    settings = {
        "MODEL_PATH": str(artifact),
        "COMPLAINTS_BIND_HOST": "127.0.0.1",
        "SAGEMAKER_BIND_TO_PORT": str(port),
        **_own_modules(),
        **environ,
    }
    command = [sys.executable, "-m", "services.serving.main", "serve"]
    with run_server(command, port, OURS, settings) as server:
        yield server


@contextmanager
def serve_flask_peer() -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "ops.bench.serving.flask_peer", str(port)]
    with run_server(command, port, OURS, _own_modules()) as server:
        yield server


def _own_modules() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(sys.path)}


@contextmanager
def run_server(
    command: list[str], port: int, dialect: Dialect, environ: Mapping[str, str]
) -> Iterator[Server]:
    """Yield the server that `command` starts once it is ready, and end it afterwards.

    Raises BenchError with the last line that it said when it does not become ready.
    """
    began_at = time.perf_counter()
    with tempfile.TemporaryFile() as log, _process(command, environ, log) as process:
        while not _is_ready(port, dialect.ready_path):
            waited_seconds = time.perf_counter() - began_at
            if process.poll() is not None or waited_seconds > START_SECONDS:
                name = Path(command[0]).name
                raise BenchError(f"{name} did not become ready; its last line: {_last_line(log)}")
            time.sleep(0.01)
        yield Server(process, port, time.perf_counter() - began_at, dialect)


@contextmanager
def _process(
    command: list[str], environ: Mapping[str, str], log: IO[bytes]
) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        command,
        env={**os.environ, **environ},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        with suppress(ProcessLookupError):  # what it has started and left behind
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_line(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "none")[:300]


def _is_ready(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _resident_mebibytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
