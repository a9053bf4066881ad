"""The serving image as a container that answers on a loopback port."""

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.images.engine import (
    ContainerSpec,
    Mount,
    call_engine,
    client_environ,
    new_name,
    remove,
    run_command,
    run_to_end,
)

START_SECONDS = 120
STOP_SECONDS = 30
"""What SageMaker gives a container between SIGTERM and SIGKILL."""

MODEL_FOLDER = "/opt/ml/model"


@dataclass(frozen=True)
class Answer:
    """A response, read to its end."""

    status: int
    body: bytes
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class ServingSpec:
    """What to run; `model` is mounted at /opt/ml/model, `environ` are settings."""

    image: str
    model: Path
    environ: dict[str, str] = field(default_factory=dict)
    user: str | None = None

    def container(self, port: int) -> ContainerSpec:
        """Return the container; SageMaker gives the one argument and nothing else."""
        return ContainerSpec(
            image=self.image,
            arguments=("serve",),
            mounts=(Mount(self.model, MODEL_FOLDER),),
            environ={
                "COMPLAINTS_BIND_HOST": "127.0.0.1",
                "SAGEMAKER_BIND_TO_PORT": str(port),
                **self.environ,
            },
            user=self.user,
        )


@dataclass(frozen=True)
class RunningImage:
    """A container that answers on a loopback port."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"

    def request(self, method: str, path: str, body: bytes = b"", kind: str = "") -> Answer:
        """Send one request on a connection of its own."""
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with closing(connection):
            connection.request(method, path, body, {"Content-Type": kind} if kind else {})
            response = connection.getresponse()
            content = response.read()
        return Answer(response.status, content, time.monotonic() - started)

    def post(self, body: bytes, kind: str = "application/json") -> Answer:
        return self.request("POST", "/invocations", body, kind)

    def is_ready(self) -> bool:
        try:
            return self.request("GET", "/ping").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def python(self, program: str) -> str:
        """Run a program with the image's own Python, inside; returns what it prints."""
        return call_engine("exec", self.name, "/app/bin/python", "-c", program).strip()

    def terminate(self) -> int:
        """Send SIGTERM to the first process and return its exit code."""
        call_engine("kill", "--signal", "TERM", self.name)
        return self.process.wait(timeout=STOP_SECONDS)


def refuse_to_start(spec: ServingSpec) -> "subprocess.CompletedProcess[str]":
    """Run an image that is expected to refuse to start."""
    return run_to_end(spec.container(_free_port()))


@contextmanager
def running_image(spec: ServingSpec, log_path: Path) -> Iterator[RunningImage]:
    """Start the image, wait until it is ready, and remove what is left of it at the end."""
    name, port = new_name(), _free_port()
    command = run_command(spec.container(port), name)
    with log_path.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=client_environ())
        running = RunningImage(name, port, process)
        try:
            _wait_until_ready(running, log_path)
            yield running
        finally:
            if process.poll() is None:
                remove(name)
                process.wait()


def _wait_until_ready(running: RunningImage, log_path: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while not running.is_ready():
        if running.process.poll() is not None or time.monotonic() > give_up_at:
            raise AssertionError(f"not ready:\n{log_path.read_text()}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
