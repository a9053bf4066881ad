"""The serving benchmark: prints the table of what must be reached, and JSON with all of it."""

import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ops.bench.serving.artifacts import SMALL, build_artifact
from ops.bench.serving.measure import MEASUREMENTS
from ops.bench.serving.narratives import NarrativesError, load_narratives
from ops.bench.serving.peers import PEERS, Peer
from ops.bench.serving.plan import Plan
from ops.bench.serving.rows import Row, draw
from ops.bench.serving.servers import BenchError
from services.serving.cores import available_cores

_path = click.Path(path_type=Path)


def _option(name: str, default: Any, text: str) -> Callable[..., Any]:
    return click.option(name, default=default, show_default=True, help=text)


@click.command()
@click.option(
    "--artifact",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="model.tar.gz to serve; by default a 384-wide encoder with random weights.",
)
@click.option("--only", type=click.Choice(list(MEASUREMENTS)), multiple=True, help="Just this.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@click.option(
    "--cache",
    type=_path,
    default=Path("dist/bench-serving"),
    show_default=True,
    help="Where artifacts that had to be made are kept.",
)
@click.option(
    "--peer",
    "peers",
    type=(click.Choice(list(PEERS)), _path),
    multiple=True,
    help="A server to compare with, and the Python environment that has it.",
)
@_option("--max-length", 256, "Token limit of artifacts that have to be made.")
@_option("--narratives", 400, "Narratives a round.")
@_option("--rounds", 3, "Rounds; medians are told.")
@_option("--clients", 4, "Clients of the closed loops.")
@_option("--deadline", 2.0, "Deadline under overload, seconds.")
@_option("--terminations", 20, "SIGTERMs under load.")
def cli(
    artifact: Path | None, only: tuple[str, ...], as_json: bool, cache: Path, **sizes: Any
) -> None:
    """Measure the serving container against its bars; wants a quiet machine and COMPLAINTS_DATA."""
    console = Console(stderr=as_json)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            plan = _make_plan(artifact, cache, Path(scratch), sizes)
            rows = [row for name in only or MEASUREMENTS for row in _run(name, plan, console)]
    except (NarrativesError, BenchError) as error:
        click.echo(f"bench: {error}", err=True)
        sys.exit(2)
    console.print(draw(rows))
    if as_json:
        machine = {"cores": plan.cores, "processor": platform.processor() or platform.machine()}
        document = {"machine": machine, "rows": [row.to_document() for row in rows]}
        click.echo(json.dumps(document, indent=2))


def _make_plan(artifact: Path | None, cache: Path, scratch: Path, sizes: dict[str, Any]) -> Plan:
    return Plan(
        archive=artifact or build_artifact(cache, SMALL, sizes["max_length"]),
        narratives=load_narratives(sizes["narratives"]),
        cores=available_cores(),
        rounds=sizes["rounds"],
        clients=sizes["clients"],
        scratch=scratch,
        cache=cache,
        peers=tuple(Peer(name, environment) for name, environment in sizes["peers"]),
        max_length=sizes["max_length"],
        deadline_seconds=sizes["deadline"],
        terminations=sizes["terminations"],
    )


def _run(name: str, plan: Plan, console: Console) -> list[Row]:
    began_at = time.perf_counter()
    try:
        rows = MEASUREMENTS[name](plan)
    except BenchError as error:  # the other rows are still worth having
        rows = [Row(name, None, None, True, str(error))]
    console.print(f"measured {name} in {time.perf_counter() - began_at:.0f} s")
    return rows


if __name__ == "__main__":
    cli()
