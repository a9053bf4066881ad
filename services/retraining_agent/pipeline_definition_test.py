import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from services.retraining_agent.sagemaker_pipeline import sdk_definition
from services.retraining_agent.testing.pipeline import SPEC

PARAMETERS = ["TrainingSet", "Holdout", "Champion", "Output", "Version"]


@pytest.fixture
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


@pytest.fixture
def document(_account: None) -> dict[str, Any]:
    return dict(json.loads(sdk_definition(SPEC)))


def steps(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step["Name"]: step for step in document["Steps"]}


def test_it_trains_exports_verifies_evaluates_and_registers(document: dict[str, Any]) -> None:
    kinds = [(step["Name"], step["Type"]) for step in document["Steps"]]

    assert kinds == [
        ("Train", "Training"),
        ("Export", "Processing"),
        ("Verify", "Processing"),
        ("Evaluate", "Processing"),
        ("Register-RegisterModel", "RegisterModel"),
    ]


def test_it_asks_for_what_an_execution_is_given_and_nothing_else(document: dict[str, Any]) -> None:
    used = set(re.findall(r'"Get": "Parameters\.(\w+)"', json.dumps(document)))

    assert [each["Name"] for each in document["Parameters"]] == PARAMETERS
    assert used == set(PARAMETERS)


def test_a_candidate_is_registered_only_after_it_was_verified_and_evaluated(
    document: dict[str, Any],
) -> None:
    after = {name: step.get("DependsOn", []) for name, step in steps(document).items()}

    assert after["Verify"] == after["Evaluate"] == ["Export"]
    assert after["Register-RegisterModel"] == ["Verify", "Evaluate"]


def test_the_exporter_is_called_as_its_command_line_wants_it(document: dict[str, Any]) -> None:
    scripts = {
        name: step["Arguments"]["AppSpecification"]["ContainerEntrypoint"][-1]
        for name, step in steps(document).items()
        if step["Type"] == "Processing"
    }

    calls = {
        name: script.split("services.onnx_exporter.main ")[1] for name, script in scripts.items()
    }
    assert calls["Export"].startswith("export /tmp/checkpoint --to /opt/ml/processing/output ")
    assert calls["Verify"].startswith("inspect /opt/ml/processing/input/artifact/model.tar.gz ")
    assert calls["Evaluate"].startswith("compare /opt/ml/processing/input/champion/model.tar.gz ")


@pytest.mark.usefixtures("_account")
def test_the_same_spec_has_the_same_definition() -> None:
    assert sdk_definition(SPEC) == sdk_definition(SPEC)
