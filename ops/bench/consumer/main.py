"""The consumer's benchmark: what has to be reached, and what was. Run it on a quiet machine."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from ops.bench.consumer.inputs import Inputs
from ops.bench.consumer.report import Row, document, table
from ops.bench.consumer.suite import SUITE
from ops.bench.serving.narratives import NarrativesError
from ops.bench.serving.servers import BenchError
from ops.local.cloud.errors import LocalCloudError

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option(
    "--artifact",
    "model",
    type=_FILE,
    help="model.tar.gz to serve; by default one of the released size with random weights.",
)
@click.option(
    "--narratives",
    "narratives_file",
    type=_FILE,
    help="Parquet or CSV with a column narrative; by default those of COMPLAINTS_DATA.",
)
@click.option(
    "--package",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("dist/services.stream_consumer/lambda.zip"),
    show_default=True,
    help="The zip that `./pants package services/stream_consumer:lambda` makes.",
)
@click.option("--count", default=10_000, show_default=True, help="Narratives to drain.")
@click.option("--delay-seconds", default=60.0, show_default=True, help="How long to put at half.")
@click.option("--schedules", default=2_000, show_default=True, help="Fault schedules.")
@click.option("--only", multiple=True, type=click.Choice(list(SUITE)), help="May be repeated.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write JSON there too.")
def main(only: tuple[str, ...], json_path: Path | None, **options: Any) -> None:
    """Measure the stream consumer: a table on stderr, JSON on stdout; exit code 1 below a bar."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory() as folder, Progress(console=console) as progress:
        inputs = Inputs(folder=Path(folder), progress=progress, **options)
        rows = [row for name in only or SUITE for row in _rows(name, inputs)]
    console.print(table(rows))
    result = document(rows)
    click.echo(json.dumps(result))
    if json_path is not None:
        json_path.write_text(json.dumps(result, indent=1))
    sys.exit(0 if result["is_reached"] else 1)


def _rows(name: str, inputs: Inputs) -> list[Row]:
    try:
        return list(SUITE[name](inputs))
    except (BenchError, NarrativesError, LocalCloudError) as error:
        return [Row(name, "", str(error), None)]


if __name__ == "__main__":
    main()
