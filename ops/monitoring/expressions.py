"""Every PromQL expression of panels and rules, and the names of the series that each asks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser
import yaml

from ops.monitoring.queries import WINDOW
from ops.monitoring.write_dashboards import PANELS

RULES = Path(__file__).with_name("rules")
NATIVE_RULES = ("serving_slo.yml", "stream.yml", "alerts.yml")
CLOUDWATCH_RULES = "stream_cloudwatch.yml"


@dataclass(frozen=True)
class Expression:
    """An expression and where it stands."""

    place: str
    text: str

    def series(self) -> set[str]:
        """Return the names of the series it asks for; raises ValueError when it does not parse."""
        names: set[str] = set()

        def visit(node: Any) -> None:
            if isinstance(node, promql_parser.VectorSelector) and node.name is not None:
                names.add(node.name)

        parsed = promql_parser.parse(with_window(self.text, "1m"))
        promql_parser.walk(parsed, visit)
        return names


def with_window(text: str, window: str) -> str:
    """Put a duration in the place of Grafana's variable."""
    return text.replace(WINDOW, window)


def panel_expressions() -> Iterator[Expression]:
    """Yield the expressions of every panel."""
    for dashboard, panels in PANELS.items():
        for panel in panels:
            for query in panel.queries:
                yield Expression(f"{dashboard}: {panel.title}", query.expr)


def rules(name: str) -> Iterator[dict[str, Any]]:
    """Yield the rules of a committed file."""
    document = yaml.safe_load((RULES / name).read_text(encoding="utf-8"))
    for group in document["groups"]:
        yield from group["rules"]


def rule_expressions(name: str) -> Iterator[Expression]:
    """Yield the expressions of a file of rules."""
    for rule in rules(name):
        yield Expression(f"{name}: {rule.get('record') or rule['alert']}", rule["expr"])


def recorded(name: str) -> set[str]:
    """Return the series that a file of rules records."""
    return {rule["record"] for rule in rules(name) if "record" in rule}
