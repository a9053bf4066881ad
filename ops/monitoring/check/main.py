"""`python -m ops.monitoring.check.main`: every panel and rule against a real Prometheus."""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click
import httpx

from ops.local.cloud.errors import LocalCloudError
from ops.local.monitor.prometheus import require_installed
from ops.monitoring.check.complaints import write_complaints
from ops.monitoring.check.pictures import PanelData, draw_dashboard
from ops.monitoring.check.prometheus_api import TIMEOUT_SECONDS, Prometheus, Span
from ops.monitoring.check.watched_demo import CheckError, watched_demo
from ops.monitoring.expressions import with_window
from ops.monitoring.panels import Panel
from ops.monitoring.write_dashboards import PANELS

PICTURES = Path(__file__).parents[1] / "pictures"
WINDOW, STEP_SECONDS, SETTLE_SECONDS = "15s", 2.0, 20.0
PATIENCE_SECONDS = 1800.0


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
    default=PICTURES,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the pictures go.",
)
def main(artifact: Path | None, count: int, rate: float, folder: Path) -> None:
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
            check(Path(work), arguments, folder)
    except (CheckError, LocalCloudError, httpx.HTTPError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


def check(work: Path, arguments: Sequence[str], folder: Path) -> None:
    """Run the demo, then look at everything; raises CheckError with all that is wrong."""
    with watched_demo(work, arguments) as demo:
        began_at = time.time()
        demo.run(PATIENCE_SECONDS)
        time.sleep(SETTLE_SECONDS)
        span = Span(began_at, time.time(), STEP_SECONDS)
        with httpx.Client(
            base_url=demo.address("Prometheus:"), timeout=TIMEOUT_SECONDS, trust_env=False
        ) as client:
            prometheus = Prometheus(client)
            data = {name: ask(prometheus, panels, span) for name, panels in PANELS.items()}
            rules = prometheus.rules()
    for name, panels_data in data.items():
        draw_dashboard(f"Complaints: {name}", panels_data, folder / f"{name}.png")
    firing = [rule["name"] for rule in rules if rule.get("state") == "firing"]
    click.echo(f"{len(rules)} rules; firing: {', '.join(sorted(set(firing))) or 'none'}")
    empty = [line for panels_data in data.values() for line in without_data(panels_data)]
    broken = [
        f"rule {rule['name']} is {rule['health']}" for rule in rules if rule["health"] != "ok"
    ]
    if empty or broken:
        raise CheckError("no data, or broken:\n" + "\n".join([*empty, *broken]))
    queries = sum(len(panel.queries) for panels in PANELS.values() for panel in panels)
    click.echo(f"{queries} queries of {len(PANELS)} dashboards gave data; pictures in {folder}")


def ask(prometheus: Prometheus, panels: Sequence[Panel], span: Span) -> list[PanelData]:
    """Return the series of every panel, one list a query."""
    return [
        PanelData(
            panel,
            [
                prometheus.series(with_window(query.expr, WINDOW), query.legend, span)
                for query in panel.queries
            ],
        )
        for panel in panels
    ]


def without_data(panels: Sequence[PanelData]) -> list[str]:
    """Return the title and the expression of every query that gave nothing."""
    return [
        f"{data.panel.title}: {query.expr}"
        for data in panels
        for query, series in zip(data.panel.queries, data.answers, strict=True)
        if not series
    ]


if __name__ == "__main__":
    main()
