"""What a small, fast-starting service must not drag in, seen from a fresh interpreter."""

import os
import subprocess
import sys

import pytest

_PROGRAM = """
import importlib, sys
importlib.import_module(sys.argv[1])
print(",".join(sorted({"torch", "transformers", "optimum"} & set(sys.modules))))
"""


@pytest.mark.parametrize(
    "module",
    [
        "services.serving.main",
        "services.stream_consumer.handler",
        "services.retraining_agent.main",
    ],
)
def test_a_service_that_does_not_train_imports_no_torch(module: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    answer = subprocess.run(
        [sys.executable, "-c", _PROGRAM, module],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == ""


def test_the_program_would_find_torch_where_it_is_imported() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    answer = subprocess.run(
        [sys.executable, "-c", _PROGRAM, "libs.heads.torch_head"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout.strip() == "torch"
