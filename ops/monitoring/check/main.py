"""`python -m ops.monitoring.check.main`: every panel and rule against a real Prometheus."""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import httpx

from ops.local.cloud.errors import LocalCloudError
from ops.local.monitor.prometheus import require_installed
from ops.monitoring.check.complaints import write_complaints
from ops.monitoring.check.drawing import DrawingError, draw, library
from ops.monitoring.check.panel_frames import PanelData, Picture
from ops.monitoring.check.prometheus_api import TIMEOUT_SECONDS, Prometheus, Span
from ops.monitoring.check.watched_demo import CheckError, watched_demo
from ops.monitoring.expressions import with_window
from ops.monitoring.write_dashboards import FOLDER

PICTURES = Path(__file__).parents[1] / "pictures"
WINDOW, STEP_SECONDS, SETTLE_SECONDS = "15s", 2.0, 20.0
PATIENCE_SECONDS = 1800.0
Draw = Callable[[Mapping[str, Picture], Path], None]


@dataclass(frozen=True)
class Answers:
    """What a Prometheus said of every committed dashboard, by its name, and of every rule."""

    version: str
    span: Span
    dashboards: Mapping[str, Sequence[PanelData]]
    rules: Sequence[Mapping[str, Any]]


@click.command(context_settings={"show_default": True})
@click.option(
    "--artifact",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Serve this model.tar.gz. [what the demo serves by itself]",
)
@click.option("--count", default=1800, type=click.IntRange(min=40), help="Complaints to stream.")
@click.option("--rate", default=10.0, type=click.FloatRange(min=0.1), help="Complaints a second.")
@click.option(
    "--pictures",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Draw pictures here, or fail. [beside the dashboards, where npm and Chromium are]",
)
def main(artifact: Path | None, count: int, rate: float, folder: Path | None) -> None:
    """Run the demo under Prometheus, ask every panel's query, and draw what came back.

    Fails when a query gives no data or a rule does not evaluate.
    """
    try:
        require_installed()
        with tempfile.TemporaryDirectory(prefix="complaints-monitoring-") as work:
            complaints = Path(work) / "complaints.csv"
            write_complaints(complaints, count)
            arguments = ["--complaints", str(complaints), "--count", str(count)]
            arguments += ["--rate", str(rate)]
            if artifact is not None:
                arguments += ["--artifact", str(artifact.absolute())]
            answers = gather(Path(work), arguments)
        is_well = report(answers)
        draw_if_possible(answers, folder)
    except (CheckError, DrawingError, LocalCloudError, httpx.HTTPError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    if not is_well:
        sys.exit(1)


def gather(work: Path, arguments: Sequence[str]) -> Answers:
    """Run the demo to its end and ask the Prometheus that watched it about everything."""
    with watched_demo(work, arguments) as demo:
        began_at = time.time()
        demo.run(PATIENCE_SECONDS)
        time.sleep(SETTLE_SECONDS)
        span = Span(began_at, time.time(), STEP_SECONDS)
        with httpx.Client(
            base_url=demo.address("Prometheus:"), timeout=TIMEOUT_SECONDS, trust_env=False
        ) as client:
            prometheus = Prometheus(client)
            dashboards = {
                path.stem: ask(prometheus, json.loads(path.read_bytes()), span)
                for path in sorted(FOLDER.glob("*.json"))
            }
            return Answers(prometheus.version(), span, dashboards, prometheus.rules())


def ask(prometheus: Prometheus, dashboard: Mapping[str, Any], span: Span) -> list[PanelData]:
    """Return the series of every panel, one list a query."""
    return [
        PanelData(
            panel,
            [
                prometheus.series(with_window(target["expr"], WINDOW), target["legendFormat"], span)
                for target in panel["targets"]
            ],
        )
        for panel in dashboard["panels"]
    ]


def draw_if_possible(answers: Answers, folder: Path | None, drawn_by: Draw = draw) -> None:
    """Draw every dashboard; raises DrawingError only where a folder was asked for."""
    try:
        drawn_by(pictures(answers), folder or PICTURES)
    except DrawingError as error:
        if folder is not None:
            raise
        click.echo(error, err=True)
    else:
        click.echo(f"pictures in {folder or PICTURES}")


def pictures(answers: Answers) -> dict[str, Picture]:
    """Return what is drawn of each dashboard, and how it came about."""
    day = datetime.fromtimestamp(answers.span.end, UTC).date()
    caption = (
        f"Drawn on {day} with Grafana's panel library ({library()}), not by a Grafana server, from "
        f"the answers of a Prometheus {answers.version} that scraped the demo."
    )
    return {
        name: Picture(f"Complaints: {name}", caption, answers.span, panels)
        for name, panels in answers.dashboards.items()
    }


def report(answers: Answers) -> bool:
    """Say what was found, and return whether all of it is well."""
    firing = {rule["name"] for rule in answers.rules if rule.get("state") == "firing"}
    click.echo(f"{len(answers.rules)} rules; firing: {', '.join(sorted(firing)) or 'none'}")
    panels = [data for dashboard in answers.dashboards.values() for data in dashboard]
    queries = sum(len(data.answers) for data in panels)
    empty = without_data(panels)
    click.echo(
        f"{queries - len(empty)} of {queries} queries of {len(answers.dashboards)} dashboards "
        "gave data"
    )
    broken = [
        f"rule {rule['name']} is {rule['health']}"
        for rule in answers.rules
        if rule["health"] != "ok"
    ]
    for line in [*empty, *broken]:
        click.echo(line, err=True)
    return not empty and not broken


def without_data(panels: Sequence[PanelData]) -> list[str]:
    """Return a line for every query that gave nothing."""
    return [
        f"no data: {data.panel['title']}: {target['expr']}"
        for data in panels
        for target, series in zip(data.panel["targets"], data.answers, strict=True)
        if not series
    ]


if __name__ == "__main__":
    main()
