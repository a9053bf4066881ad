import sys
from pathlib import Path

import pytest

from services.retraining_agent.command_deployment import CommandDeployment
from services.retraining_agent.deployment import DeployStatus, Release
from services.retraining_agent.memory_store import MemoryStore

RELEASE = Release("run-1-deploy", "2.0.0", "d" * 64, "registry/models/2.0.0/model.tar.gz")
SWAP = "import sys, shutil; shutil.copy(sys.argv[1], sys.argv[2])"


def deployment(folder: Path, command: str) -> CommandDeployment:
    store = MemoryStore()
    store.write(RELEASE.artifact_key, b"artifact")
    return CommandDeployment(store, folder, command)


def test_the_command_gets_the_release_and_may_be_repeated(tmp_path: Path) -> None:
    served = tmp_path / "served.tar.gz"
    command = f"{sys.executable} -c '{SWAP}' {{archive}} {served}"

    answers = [deployment(tmp_path, command).advance(RELEASE) for _ in range(2)]

    assert answers == ["done", "done"]
    assert served.read_bytes() == b"artifact"


@pytest.mark.parametrize(
    ("command", "status"),
    [(f"{sys.executable} -c 'raise SystemExit(1)'", "failed"), ("/no/such/command", "failed")],
)
def test_a_command_that_fails_is_a_failed_deployment(
    tmp_path: Path, command: str, status: DeployStatus
) -> None:
    assert deployment(tmp_path, command).advance(RELEASE) == status
