"""The engine that runs images, docker or podman, and what a container is locked up with.

A container shares the host's network, for no bridge can be had everywhere.
"""

import json
import os
import subprocess
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

_CLIENTS = {"docker": ["docker"], "podman": ["podman", "--runtime", "runc"]}
_LOCKED_UP = [
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--network=host",
    "--pull=never",
]
_OF_ITS_OWN = {
    "docker": [],
    "podman": [
        "--read-only-tmpfs=false",
        "--http-proxy=false",
        # podman's own limits are more than every machine may grant
        "--ulimit=nofile=4096:4096",
        "--ulimit=nproc=4096:4096",
    ],
}


@dataclass(frozen=True)
class Mount:
    """A folder of the host inside of a container."""

    source: Path
    target: str
    is_writable: bool = False

    def option(self) -> str:
        return f"--volume={self.source}:{self.target}:{'rw' if self.is_writable else 'ro'}"


@dataclass(frozen=True)
class ContainerSpec:
    """What to run. `entrypoint` and `user` are the image's own unless given."""

    image: str
    arguments: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)
    entrypoint: str | None = None
    user: str | None = None
    memory: str = "1g"


def built_image(service: str) -> str:
    """Return the image of a service that ops/images/check built, or skip whoever asks."""
    variable = f"COMPLAINTS_{service.upper()}_IMAGE"
    image = os.environ.get(variable)
    if not image:
        pytest.skip(f"{variable} names no image: `ops/images/check {service}` builds one")
    if not _engine():
        pytest.skip(f"nothing runs {variable}: there is neither a Docker engine nor podman")
    return image


def new_name() -> str:
    return f"complaints-{uuid4().hex[:12]}"


def run_command(spec: ContainerSpec, name: str) -> list[str]:
    """Return the command line that runs a container and removes it afterwards."""
    options = [
        *_LOCKED_UP,
        *_OF_ITS_OWN[_engine()],
        f"--memory={spec.memory}",
        *(f"--env={key}={value}" for key, value in spec.environ.items()),
        *(mount.option() for mount in spec.mounts),
    ]
    if spec.user:
        options.append(f"--user={spec.user}")
    if spec.entrypoint:
        options.append(f"--entrypoint={spec.entrypoint}")
    command = [*_CLIENTS[_engine()], "run", "--rm", f"--name={name}", *options]
    return [*command, spec.image, *spec.arguments]


def run_to_end(
    spec: ContainerSpec, timeout_seconds: float = 60
) -> "subprocess.CompletedProcess[str]":
    """Run a container until it ends by itself; one that does not is removed, and is an error."""
    name = new_name()
    command = run_command(spec, name)
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_seconds, env=client_environ()
        )
    except subprocess.TimeoutExpired:
        remove(name)
        raise


def run_python(spec: ContainerSpec, program: str) -> str:
    """Run a program with an image's own Python; returns what it prints."""
    result = run_to_end(replace(spec, arguments=("-c", program), entrypoint="/app/bin/python"))
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def writable_program(*folders: str) -> str:
    """Return a program that prints which of the folders a file can be written into."""
    return f"""
def can_write(folder):
    try:
        with open(folder + "/probe", "w"):
            return True
    except OSError:
        return False
print([folder for folder in {folders} if can_write(folder)])
"""


def call_engine(*arguments: str) -> str:
    """Run a command of the engine; what it says on stderr is part of the error of a failure."""
    command = [*_CLIENTS[_engine()], *arguments]
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, env=client_environ()
    )
    assert result.returncode == 0, f"{' '.join(command[:4])}: {result.stderr}"
    return result.stdout


def inspect_image(image: str) -> dict[str, Any]:
    """Return what the image says of itself."""
    description: dict[str, Any] = json.loads(call_engine("image", "inspect", image))[0]
    return description


def remove(name: str) -> None:
    """Kill a container, if it still runs, and leave nothing of it."""
    command = [*_CLIENTS[_engine()], "kill", name]
    subprocess.run(command, capture_output=True, check=False, env=client_environ())


def client_environ() -> dict[str, str]:
    """podman calls tools of the system's own folders, which a test's PATH may lack."""
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {
        **os.environ,
        "PATH": f"{path}:/usr/sbin:/sbin",
        "HOME": os.environ.get("HOME", "/root"),
    }


@cache
def _engine() -> str:
    """As ops/images/engine decides; empty where there is none."""
    named = os.environ.get("COMPLAINTS_ENGINE")
    return named or next(filter(_answers, _CLIENTS), "")


def _answers(name: str) -> bool:
    command = [name, "version"]
    try:
        result = subprocess.run(command, capture_output=True, check=False, env=client_environ())
    except FileNotFoundError:
        return False
    return result.returncode == 0
