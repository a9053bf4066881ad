import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.aws.template import load

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SERVICES = {"onnx_exporter", "retraining_agent", "serving", "stream_consumer", "trainer"}
SYSTEM = {"git"}
GOALS = {"check", "lint", "package", "run", "slow", "tailor", "test", "update-build-files"}


def steps(workflow: Path) -> Iterator[dict[str, Any]]:
    for job in yaml.safe_load(workflow.read_text())["jobs"].values():
        yield from job["steps"]


def commands(workflow: Path) -> list[list[str]]:
    """Return the words of each line that a workflow runs."""
    lines = [line for step in steps(workflow) for line in step.get("run", "").splitlines()]
    return [line.split() for line in lines]


def test_there_are_workflows() -> None:
    assert {"ci", "nightly", "dependencies"} <= {path.stem for path in WORKFLOWS}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_command_is_one_of_this_repository_that_runs_locally(workflow: Path) -> None:
    for words in commands(workflow):
        program = words[0]
        assert program in SYSTEM or os.access(ROOT / program, os.X_OK) or program == "./pants"


def test_every_night_the_slow_tests_run_and_images_and_dashboards_are_checked() -> None:
    nightly = commands(ROOT / ".github" / "workflows" / "nightly.yml")

    assert ["./pants", "slow", "::"] in nightly
    assert ["ops/images/check"] in nightly
    assert ["ops/monitoring/prove"] in nightly


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_every_target_of_pants_is_there(workflow: Path) -> None:
    calls = [words[1:] for words in commands(workflow) if words[0] == "./pants"]
    assert calls or workflow.stem == "dependencies"

    for words in calls:
        own = words[: words.index("--")] if "--" in words else words
        assert any(word in GOALS for word in own)
        for word in own:
            folder = re.match(r"([a-z_/]+):", word)
            assert folder is None or (ROOT / folder[1]).is_dir()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_script_of_a_deployment_gets_a_stack_that_exists(workflow: Path) -> None:
    for words in commands(workflow):
        if words[0] == "ops/aws/deploy":
            assert (ROOT / "ops" / "aws" / "stacks" / f"{words[2]}.yaml").is_file()
        if words[0] == "ops/aws/replace":
            parameter = words[3].strip('"').partition("=")[0]
            assert parameter in load(words[2])["Parameters"]
        if words[0] == "ops/aws/push":
            assert (ROOT / "services" / words[1]).is_dir()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_no_expression_of_github_is_pasted_into_a_shell(workflow: Path) -> None:
    assert not [step for step in steps(workflow) if "${{" in step.get("run", "")]


@pytest.mark.parametrize(
    "workflow",
    [path for path in WORKFLOWS if path.stem.startswith("deploy-")],
    ids=lambda path: path.stem,
)
def test_a_deployment_waits_for_the_approval_of_the_environment_that_its_role_trusts(
    workflow: Path,
) -> None:
    service = workflow.stem.removeprefix("deploy-")
    document = yaml.safe_load(workflow.read_text())
    job = document["jobs"]["deploy"]

    role = next(step["with"] for step in job["steps"] if "configure-aws" in step.get("uses", ""))

    assert job["environment"] == f"${{{{ inputs.environment }}}}-{service}"
    assert role["role-to-assume"].endswith(f"-deploy-{service}")
    assert document["permissions"] == {"contents": "read", "id-token": "write"}


def test_every_service_has_a_deployment_of_its_own_that_pushes_its_image_alone() -> None:
    pushed = {
        workflow.stem.removeprefix("deploy-").replace("-", "_"): [
            words[1] for words in commands(workflow) if words[0] == "ops/aws/push"
        ]
        for workflow in WORKFLOWS
        if workflow.stem.startswith("deploy-")
    }

    assert pushed.keys() == SERVICES
    assert pushed.pop("stream_consumer") == []  # a zip
    assert pushed == {service: [service] for service in pushed}
