"""The container as a real process on a loopback port, for tests that kill things."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
START_SECONDS = 120


@dataclass
class Container:
    """A running container; logs go to `log_path`."""

    process: "subprocess.Popen[bytes]"
    port: int
    log_path: Path

    def request(
        self, method: str, path: str, body: bytes | None = None, content_type: str = "text/plain"
    ) -> tuple[int, bytes]:
        """Send one request on a connection of its own; returns status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with closing(connection):
            connection.request(method, path, body, {"Content-Type": content_type})
            response = connection.getresponse()
            return response.status, response.read()

    def is_ready(self) -> bool:
        try:
            return self.request("GET", "/ping")[0] == 200
        except OSError:
            return False

    def worker_pids(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def terminate(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


@dataclass(frozen=True)
class ContainerSpec:
    """What a test may want different; `environ` are settings."""

    model_path: Path
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)


@contextmanager
def run_container(spec: ContainerSpec) -> Iterator[Container]:
    """Start a container, wait until it is ready, and kill whatever is left of it at the end."""
    port = _free_port()
    log_path = spec.folder / "container.log"
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "MODEL_PATH": str(spec.model_path),
        "COMPLAINTS_BIND_HOST": "127.0.0.1",
        "TMPDIR": str(spec.folder),  # what a killed container leaves goes with the test
        "SAGEMAKER_BIND_TO_PORT": str(port),
        **spec.environ,
    }
    command = [sys.executable, "-m", "services.serving.main", "serve"]
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environ, stdout=log, stderr=log, start_new_session=True
        )
        try:
            container = Container(process, port, log_path)
            _wait_until_ready(container)
            yield container
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_until_ready(container: Container) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while not container.is_ready():
        if container.process.poll() is not None or time.monotonic() > give_up_at:
            raise AssertionError(f"not ready:\n{container.log_path.read_text()}")
        time.sleep(0.02)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
