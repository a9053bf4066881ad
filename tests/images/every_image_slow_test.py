"""What holds for every image, locked up: who runs it, what it may, what it does not hold."""

from dataclasses import dataclass

import pytest

from tests.images.engine import (
    ContainerSpec,
    built_image,
    inspect_image,
    run_python,
    run_to_end,
    writable_program,
)

NOBODY, ROOT = "65532:65532", "0"


@dataclass(frozen=True)
class Promise:
    """What README.md says of an image, and which libraries it has no need of."""

    service: str
    user: str
    command: str
    absent: tuple[str, ...] = ("pip", "pytest", "moto")


PROMISES = [
    Promise("serving", NOBODY, "serve", ("pip", "pytest", "moto", "torch", "boto3")),
    Promise("trainer", ROOT, "train"),
    Promise("onnx_exporter", ROOT, "--help", ("pip", "pytest", "moto", "boto3")),
    Promise("retraining_agent", NOBODY, "plan", ("pip", "pytest", "moto", "torch")),
]


@pytest.fixture(params=PROMISES, ids=lambda promise: promise.service)
def promise(request: pytest.FixtureRequest) -> Promise:
    promised: Promise = request.param
    return promised


@pytest.fixture
def spec(promise: Promise) -> ContainerSpec:
    return ContainerSpec(built_image(promise.service))


def test_it_starts_the_service_without_a_shell_as_the_user_it_names(
    promise: Promise, spec: ContainerSpec
) -> None:
    config = inspect_image(spec.image)["Config"]

    assert config["User"] == promise.user
    assert config["Entrypoint"] == ["/app/bin/python", "-m", f"services.{promise.service}.main"]
    assert config["Cmd"] == [promise.command]


def test_it_explains_itself_and_complains_of_nothing(spec: ContainerSpec) -> None:
    help_wanted = ContainerSpec(spec.image, ("--help",))

    result = run_to_end(help_wanted)

    assert result.returncode == 0, result.stderr
    assert "Usage:" in result.stdout
    assert result.stderr == ""


def test_it_has_no_capability_and_can_get_none(spec: ContainerSpec) -> None:
    status = run_python(spec, "print(open('/proc/self/status').read())")

    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    held = {facts[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    assert held == {"0" * 16}
    assert facts["NoNewPrivs"] == "1"


def test_only_its_scratch_folder_can_be_written(spec: ContainerSpec) -> None:
    program = writable_program("/", "/app", "/etc", "/var/tmp", "/tmp")

    assert run_python(spec, program) == "['/tmp']"


def test_it_holds_no_compiler_no_pip_and_no_library_that_it_has_no_need_of(
    promise: Promise, spec: ContainerSpec
) -> None:
    program = f"""
from importlib.util import find_spec
from shutil import which
print([name for name in ("cc", "gcc", "g++", "clang", "make") if which(name)])
print([name for name in {promise.absent} if find_spec(name)])
"""

    assert run_python(spec, program) == "[]\n[]"


@pytest.mark.parametrize("service", ["serving", "trainer", "onnx_exporter", "retraining_agent"])
def test_the_model_runtime_keeps_no_identifier_for_its_maker(service: str) -> None:
    spec = ContainerSpec(built_image(service), environ={"HOME": "/tmp"})
    program = """
import os, onnxruntime
for folder, _, files in os.walk("/tmp"):
    print([os.path.join(folder, file) for file in files])
"""

    assert run_python(spec, program) == "[]"
