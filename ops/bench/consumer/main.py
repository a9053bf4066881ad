"""The consumer's benchmark: what has to be reached, and what was. Run it on a quiet machine."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from ops.bench.consumer.calls import endpoint_calls
from ops.bench.consumer.cold_start import measure_package
from ops.bench.consumer.drain import delays_at_half_load, drain
from ops.bench.consumer.narratives import load_narratives, median_narratives
from ops.bench.consumer.redaction import score
from ops.bench.consumer.redaction_set import draw_samples
from ops.bench.serving.artifacts import SMALL, build_artifact

_artifact = click.option(
    "--artifact",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="model.tar.gz to serve; by default one of the released size with random weights.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")


@click.group()
def cli() -> None:
    """Measure the stream consumer."""


@cli.command("drain")
@_artifact
@click.option("--count", default=10_000, show_default=True, help="Narratives on the stream.")
@_json
def drain_command(artifact: Path | None, count: int, as_json: bool) -> None:
    """Drain a full stream; compare with the endpoint's own speed in the same run."""
    with _workshop() as (folder, progress):
        result = drain(_artifact_or_default(artifact), folder, load_narratives(count), progress)
    _tell(as_json, asdict(result) | {"share": result.share, "required_share": 0.85})


@cli.command("delay")
@_artifact
@click.option("--seconds", default=60.0, show_default=True, help="How long to put complaints.")
@_json
def delay_command(artifact: Path | None, seconds: float, as_json: bool) -> None:
    """Time from the stream to the log at half of the endpoint's speed."""
    with _workshop() as (folder, progress):
        narratives = load_narratives(20_000)
        path = _artifact_or_default(artifact)
        result = delays_at_half_load(path, folder, narratives, seconds, progress)
    _tell(as_json, asdict(result) | {"required_p95_seconds": 1.0})


@cli.command("calls")
@_json
def calls_command(as_json: bool) -> None:
    """Count endpoint calls for a batch of 100 narratives of median length."""
    _tell(as_json, {"calls": endpoint_calls(median_narratives(100)), "required_calls": 4})


@cli.command("package")
@click.argument("zip_path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--rounds", default=10, show_default=True, help="Cold starts; the median is told.")
@_json
def package_command(zip_path: Path, rounds: int, as_json: bool) -> None:
    """Size and cold start of the zip made by `./pants package services/stream_consumer:lambda`."""
    with tempfile.TemporaryDirectory() as folder:
        result = measure_package(zip_path, Path(folder), rounds)
    required = {"required_bytes": 5_000_000, "required_seconds": 0.4}
    _tell(as_json, asdict(result) | {"median_seconds": result.median_seconds} | required)


@cli.command("redaction")
@click.option("--count", default=20_000, show_default=True, help="Narratives to generate.")
@click.option("--seed", default=1, show_default=True, help="Seed of the set.")
@click.option("--examples", default=0, show_default=True, help="Mistakes to print.")
@_json
def redaction_command(count: int, seed: int, examples: int, as_json: bool) -> None:
    """Recall by kind and precision of the redaction on a generated set."""
    result = score(draw_samples(count, seed))
    recalls = {f"recall_{kind}": result.recall(kind) for kind in sorted(result.identifiers)}
    _tell(
        as_json,
        {
            **recalls,
            "recall": result.total_recall,
            "precision": result.precision,
            "identifiers": result.identifiers.total(),
            "lookalikes": result.lookalikes,
            "examples": result.examples[:examples],
        },
    )


def _artifact_or_default(artifact: Path | None) -> Path:
    return artifact or build_artifact(Path("dist/bench-consumer"), SMALL, 256)


@contextmanager
def _workshop() -> Iterator[tuple[Path, Progress]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Progress(console=Console(stderr=True)) as progress,
    ):
        yield Path(folder), progress


def _tell(as_json: bool, facts: Mapping[str, Any]) -> None:
    if as_json:
        return click.echo(json.dumps(facts))
    for name, value in facts.items():
        click.echo(f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}")


if __name__ == "__main__":
    cli()
