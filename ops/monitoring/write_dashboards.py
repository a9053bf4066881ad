"""The committed dashboards: `python -m ops.monitoring.write_dashboards` writes them anew."""

from collections.abc import Iterator
from pathlib import Path

import click
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from ops.monitoring.model_dashboard import MODEL_PANELS
from ops.monitoring.panels import Panel, build_dashboard
from ops.monitoring.serving_dashboard import SERVING_PANELS
from ops.monitoring.stream_dashboard import STREAM_PANELS

FOLDER = Path(__file__).with_name("dashboards")

PANELS = {"serving": SERVING_PANELS, "stream": STREAM_PANELS, "model": MODEL_PANELS}


def render(name: str, panels: list[Panel]) -> str:
    """Return a dashboard as the JSON that Grafana imports."""
    dashboard = build_dashboard(f"complaints-{name}", f"Complaints: {name}", panels)
    return JSONEncoder(sort_keys=True, indent=2).encode(dashboard) + "\n"


def rendered() -> Iterator[tuple[Path, str]]:
    """Yield the file of each dashboard and what it has to hold."""
    for name, panels in PANELS.items():
        yield FOLDER / f"{name}.json", render(name, panels)


@click.command()
def main() -> None:
    """Write every dashboard into its file."""
    for path, content in rendered():
        path.write_text(content, encoding="utf-8")
        click.echo(path)


if __name__ == "__main__":
    main()
