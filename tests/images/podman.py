"""The serving image under podman, locked up as tightly as it must bear, on a loopback port."""

import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

START_SECONDS = 120
STOP_SECONDS = 30
"""What SageMaker gives a container between SIGTERM and SIGKILL."""

MEMORY = "1g"
MODEL_FOLDER = "/opt/ml/model"

_PODMAN = ["podman", "--runtime", "runc"]
_LOCKED_UP = [
    "--read-only",
    "--read-only-tmpfs=false",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    f"--memory={MEMORY}",
    # the host's network, for no bridge can be had everywhere; the container binds to loopback alone
    "--network=host",
    # podman's own limits are more than every machine may grant
    "--ulimit=nofile=4096:4096",
    "--ulimit=nproc=4096:4096",
    "--pull=never",
]


@dataclass(frozen=True)
class Answer:
    """A response, read to its end."""

    status: int
    body: bytes
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class ImageSpec:
    """What to run; `model` is mounted at /opt/ml/model, `environ` are settings."""

    image: str
    model: Path
    environ: dict[str, str] = field(default_factory=dict)
    user: str | None = None


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
        return podman("exec", self.name, "/app/bin/python", "-c", program).stdout.strip()

    def terminate(self) -> int:
        """Send SIGTERM to the first process and return its exit code."""
        podman("kill", "--signal", "TERM", self.name)
        return self.process.wait(timeout=STOP_SECONDS)


def podman(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run podman; what it says on stderr is part of the error of a failure."""
    result = subprocess.run(
        [*_PODMAN, *arguments], capture_output=True, text=True, check=False, env=_environ()
    )
    assert result.returncode == 0, f"podman {arguments[0]}: {result.stderr}"
    return result


def inspect_image(image: str) -> dict[str, Any]:
    """Return what the image says of itself."""
    description: dict[str, Any] = json.loads(podman("image", "inspect", image).stdout)[0]
    return description


def run_to_end(spec: ImageSpec) -> "subprocess.CompletedProcess[str]":
    """Run an image that is expected to refuse to start."""
    command = _run_command(spec, f"complaints-{uuid4().hex[:12]}", _free_port())
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=_environ())


@contextmanager
def running_image(spec: ImageSpec, log_path: Path) -> Iterator[RunningImage]:
    """Start the image, wait until it is ready, and remove what is left of it at the end."""
    name, port = f"complaints-{uuid4().hex[:12]}", _free_port()
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            _run_command(spec, name, port), stdout=log, stderr=log, env=_environ()
        )
        running = RunningImage(name, port, process)
        try:
            _wait_until_ready(running, log_path)
            yield running
        finally:
            if process.poll() is None:
                podman("rm", "--force", "--time", "0", name)
                process.wait()


def _run_command(spec: ImageSpec, name: str, port: int) -> list[str]:
    environ = {
        "COMPLAINTS_BIND_HOST": "127.0.0.1",
        "SAGEMAKER_BIND_TO_PORT": str(port),
        **spec.environ,
    }
    settings = [f"--env={key}={value}" for key, value in environ.items()]
    user = [f"--user={spec.user}"] if spec.user else []
    model = f"--volume={spec.model}:{MODEL_FOLDER}:ro"
    options = [*_LOCKED_UP, *settings, *user, model]
    # SageMaker gives the one argument and nothing else
    return [*_PODMAN, "run", "--rm", f"--name={name}", *options, spec.image, "serve"]


def _wait_until_ready(running: RunningImage, log_path: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while not running.is_ready():
        if running.process.poll() is not None or time.monotonic() > give_up_at:
            raise AssertionError(f"not ready:\n{log_path.read_text()}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _environ() -> dict[str, str]:
    """podman calls tools of the system's own folders, which a test's PATH may lack."""
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {
        **os.environ,
        "PATH": f"{path}:/usr/sbin:/sbin",
        "HOME": os.environ.get("HOME", "/root"),
    }
