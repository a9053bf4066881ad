import json
import os
import subprocess
from pathlib import Path

import pytest

from ops.aws.template import ENVIRONMENTS, load, settings_of

DEPLOY = Path(__file__).parent / "deploy"
ENVIRONMENT_NAMES = sorted(path.stem for path in ENVIRONMENTS.glob("*.json"))


@pytest.fixture
def fake_aws(tmp_path: Path) -> Path:
    """Put an `aws` on the PATH that prints its arguments, and return its folder."""
    script = tmp_path / "aws"
    script.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    script.chmod(0o755)
    return tmp_path


def deploy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run(
        [str(DEPLOY), *arguments], env=environ, capture_output=True, text=True, check=False
    )


def test_deploy_gives_the_stack_its_environment_and_what_the_command_line_says(
    fake_aws: Path,
) -> None:
    given = settings_of("prod")["stream_consumer"]

    done = deploy(fake_aws, "prod", "stream_consumer", "ZipKey=stream_consumer/x.zip")

    words = done.stdout.splitlines()
    overrides = words[words.index("--parameter-overrides") + 1 :]
    expected = [f"{name}={value}" for name, value in given.items()]
    assert done.returncode == 0
    assert words[words.index("--stack-name") + 1] == "complaints-prod-stream-consumer"
    assert overrides == ["Environment=prod", *expected, "ZipKey=stream_consumer/x.zip"]


def test_deploy_refuses_an_environment_and_a_part_that_are_not_there(fake_aws: Path) -> None:
    no_environment = deploy(fake_aws, "production", "serving")
    no_part = deploy(fake_aws, "prod", "server")

    assert (no_environment.returncode, no_part.returncode) == (2, 2)
    assert "environments/production.json" in no_environment.stderr
    assert "stacks/server.yaml" in no_part.stderr


@pytest.mark.parametrize("environment", ENVIRONMENT_NAMES)
def test_an_environment_sets_parameters_that_exist(environment: str) -> None:
    text = (ENVIRONMENTS / f"{environment}.json").read_text()

    for part, parameters in json.loads(text).items():
        assert set(parameters) <= set(load(part)["Parameters"])
        assert environment in load(part)["Parameters"]["Environment"]["AllowedValues"]
        assert all(isinstance(value, str) for value in parameters.values())
