"""Reads a stack as plain data, and puts values for what CloudFormation would fill in.

Knows the few intrinsic functions that the stacks use, and no service.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

STACKS = Path(__file__).parent / "stacks"
ENVIRONMENTS = Path(__file__).parent / "environments"
ACCOUNT = "123456789012"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::NoValue": None,
}
_SHORT = ("Ref", "Condition")  # the tags whose long form has no prefix


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags, which become their long forms."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in _SHORT else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".") if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _intrinsic)


def parts() -> list[str]:
    """Return the names of all stacks."""
    return sorted(path.stem for path in STACKS.glob("*.yaml"))


@cache
def load(part: str) -> dict[str, Any]:
    """Return a stack as it is written; it is shared, so nobody changes it."""
    template: dict[str, Any] = yaml.load((STACKS / f"{part}.yaml").read_text(), _Loader)
    return template


def resources(part: str, kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of one kind, by their logical names."""
    return {
        name: resource.get("Properties", {})
        for name, resource in load(part)["Resources"].items()
        if resource["Type"] == kind
    }


def settings_of(environment: str) -> dict[str, dict[str, str]]:
    """Return what `ops/aws/deploy` sets in one environment: part -> parameter -> value."""
    settings: dict[str, dict[str, str]] = json.loads(
        (ENVIRONMENTS / f"{environment}.json").read_text()
    )
    return settings


@dataclass(frozen=True)
class Rendering:
    """What stands for the parameters of one stack; those that are left out have their defaults."""

    part: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    def render(self, value: Any) -> Any:
        """Return `value` as CloudFormation fills it in; an import becomes its export's name."""
        match value:
            case {"Ref": name}:
                return self._reference(name)
            case {"Fn::Sub": [text, names]}:
                return self._substitute(text, self.render(names))
            case {"Fn::Sub": text}:
                return self._substitute(text, {})
            case {"Fn::ImportValue": export}:
                return self.render(export)
            case {"Fn::GetAtt": path}:
                return ".".join(path)
            case {"Fn::If": [condition, yes, no]}:
                return self.render(yes if self._holds(condition) else no)
            case dict():
                rendered = {name: self.render(each) for name, each in value.items()}
                return {name: each for name, each in rendered.items() if each is not None}
            case list():
                return [self.render(each) for each in value]
        return value

    def _holds(self, condition: str) -> bool:
        """Every condition of the stacks reads: a parameter is not empty."""
        compared = load(self.part)["Conditions"][condition]["Fn::Not"][0]["Fn::Equals"]
        return bool(self._reference(compared[0]["Ref"]) != "")

    def _reference(self, name: str) -> Any:
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        return load(self.part)["Parameters"].get(name, {}).get("Default", name)

    def _substitute(self, text: str, names: Mapping[str, Any]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            return str(names[name] if name in names else self._reference(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)
