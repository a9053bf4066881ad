"""The committed rules: by promtool where it is installed, and their runbooks."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from ops.monitoring.expressions import RULES, rules

RUNBOOKS = Path(__file__).with_name("runbooks")
FOLDERS = os.pathsep.join([os.environ.get("PATH", ""), os.defpath])
PROMTOOL = shutil.which("promtool", path=FOLDERS)
RULE_FILES = sorted(RULES.glob("*.yml"))
RULE_TESTS = sorted((RULES / "tests").glob("*.yml"))

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed: apt-get install prometheus"
)


def promtool(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    assert PROMTOOL is not None
    return subprocess.run(
        [PROMTOOL, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@needs_promtool
@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_promtool_accepts_the_rules(path: Path) -> None:
    checked = promtool("check", "rules", path.name, folder=RULES)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs_promtool
@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.name)
def test_alerts_fire_in_incidents_and_at_no_other_time(path: Path) -> None:
    tested = promtool("test", "rules", path.name, folder=RULES / "tests")

    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_alert_fires_in_an_incident() -> None:
    fired = {
        alert
        for path in RULE_TESTS
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test["promql_expr_test"]
        for sample in case["exp_samples"]
        for alert in _alert_names(sample["labels"])
    }

    assert fired == {rule["alert"] for rule in rules("alerts.yml")}


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    alerts = list(rules("alerts.yml"))

    linked = {rule["annotations"]["runbook"] for rule in alerts}

    pages = {f"ops/monitoring/runbooks/{path.name}" for path in RUNBOOKS.glob("*.md")}
    assert linked == pages
    for rule in alerts:
        page = RUNBOOKS / Path(rule["annotations"]["runbook"]).name
        assert f"`{rule['alert']}`" in page.read_text(encoding="utf-8")


def test_every_alert_either_wakes_somebody_or_opens_a_ticket() -> None:
    severities = {rule["labels"]["severity"] for rule in rules("alerts.yml")}

    assert severities == {"page", "ticket"}


def _alert_names(labels: str) -> list[str]:
    return [part.split('"')[1] for part in labels.split(",") if "alertname=" in part]
