import pytest
import yaml
from cfnlint.api import ManualArgs, lint

from ops.aws.template import STACKS, parts


@pytest.mark.parametrize("part", parts())
def test_cfn_lint_finds_nothing(part: str) -> None:
    text = (STACKS / f"{part}.yaml").read_text()

    findings = lint(text, config=ManualArgs(regions=["eu-central-1"]))

    assert [str(finding) for finding in findings] == []


def test_cfn_lint_would_find_something() -> None:
    text = (
        (STACKS / "data.yaml")
        .read_text()
        .replace("EnableKeyRotation: true", "EnableKeyRotations: true")
    )

    findings = lint(text, config=ManualArgs(regions=["eu-central-1"]))

    assert [finding.rule.id for finding in findings] == ["E3002"]


@pytest.mark.parametrize("part", parts())
def test_no_stack_has_a_yaml_alias_which_cloudformation_does_not_read(part: str) -> None:
    events = yaml.parse((STACKS / f"{part}.yaml").read_text())

    assert not [event for event in events if isinstance(event, yaml.AliasEvent)]
