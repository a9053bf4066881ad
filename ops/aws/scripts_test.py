import json
import os
import subprocess
from pathlib import Path

import pytest

from ops.aws.template import ENVIRONMENTS, load, settings_of

DEPLOY = Path(__file__).parent / "deploy"
REPLACE = Path(__file__).parent / "replace"
DEPLOYED = {"Environment": "prod", "TrainerImage": "trainer@sha256:1", "WebhookUrl": "****"}
ENVIRONMENT_NAMES = sorted(path.stem for path in ENVIRONMENTS.glob("*.json"))


@pytest.fixture
def fake_aws(tmp_path: Path) -> Path:
    """Put an `aws` on the PATH that prints its arguments, and return its folder."""
    script = tmp_path / "aws"
    script.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    script.chmod(0o755)
    return tmp_path


@pytest.fixture
def fake_stack(tmp_path: Path) -> Path:
    """Put an `aws` on the PATH that knows one stack and prints how it is changed."""
    parameters = [{"ParameterKey": key, "ParameterValue": DEPLOYED[key]} for key in DEPLOYED]
    (tmp_path / "parameters.json").write_text(json.dumps(parameters))
    script = tmp_path / "aws"
    script.write_text(
        f'#!/bin/sh\nif [ "$2" = describe-stacks ]; then cat {tmp_path}/parameters.json; exit; fi\n'
        'printf "%s\\n" "$@"\n'
    )
    script.chmod(0o755)
    return tmp_path


def run(script: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run(
        [str(script), *arguments], env=environ, capture_output=True, text=True, check=False
    )


def deploy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(DEPLOY, folder, *arguments)


def replace(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(REPLACE, folder, "prod", "retraining_agent", *arguments)


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


def test_replace_changes_what_is_named_and_keeps_template_and_all_other_parameters(
    fake_stack: Path,
) -> None:
    done = replace(fake_stack, "TrainerImage=trainer@sha256:2")

    words = done.stdout.splitlines()
    assert done.returncode == 0
    assert words[words.index("--stack-name") + 1] == "complaints-prod-retraining-agent"
    assert "--use-previous-template" in words
    assert json.loads(words[words.index("--parameters") + 1]) == [
        {"ParameterKey": "Environment", "UsePreviousValue": True},
        {"ParameterKey": "TrainerImage", "ParameterValue": "trainer@sha256:2"},
        {"ParameterKey": "WebhookUrl", "UsePreviousValue": True},
    ]
    assert words[-4:-2] == ["wait", "stack-update-complete"]


def test_replace_leaves_a_stack_alone_that_has_the_values_already(fake_stack: Path) -> None:
    done = replace(fake_stack, "TrainerImage=trainer@sha256:1")

    assert (done.returncode, done.stdout) == (0, "")
    assert "has these values already" in done.stderr


def test_replace_refuses_a_parameter_that_the_stack_does_not_have(fake_stack: Path) -> None:
    done = replace(fake_stack, "TrainerImages=trainer@sha256:2")

    assert done.returncode != 0
    assert "the stack has no parameter TrainerImages" in done.stderr


@pytest.mark.parametrize("environment", ENVIRONMENT_NAMES)
def test_an_environment_sets_parameters_that_exist(environment: str) -> None:
    text = (ENVIRONMENTS / f"{environment}.json").read_text()

    for part, parameters in json.loads(text).items():
        assert set(parameters) <= set(load(part)["Parameters"])
        assert environment in load(part)["Parameters"]["Environment"]["AllowedValues"]
        assert all(isinstance(value, str) for value in parameters.values())
