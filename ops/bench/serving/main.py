"""The serving benchmark: prints the table of what must be reached, and JSON with all of it."""

import json
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from libs.artifact.archive import unpack_artifact
from ops.bench.serving import measure
from ops.bench.serving.artifacts import BASE, SMALL, build_artifact
from ops.bench.serving.measure import Plan, Row
from ops.bench.serving.narratives import NarrativesError, load_narratives
from ops.bench.serving.peers import NOT_RUN, PEERS, Peer
from ops.bench.serving.servers import BenchError
from services.serving.cores import available_cores

MEASUREMENTS: dict[str, Callable[[Plan], list[Row]]] = {
    "in-process": measure.compare_with_in_process,
    "original": measure.compare_with_original,
    "peers": measure.compare_with_peers,
    "overload": measure.overload,
    "start": measure.start_and_memory,
    "sigterm": measure.terminations,
}

_path = click.Path(path_type=Path)


def _option(name: str, default: Any, text: str) -> Callable[..., Any]:
    return click.option(name, default=default, show_default=True, help=text)


@click.command()
@click.option(
    "--artifact",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="model.tar.gz to serve; by default one of the released size with random weights.",
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
@_option("--rounds", 5, "Rounds; medians are told.")
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
    console.print(_table(rows))
    for name, reason in NOT_RUN.items():
        console.print(f"not run: {name}, {reason}")
    if as_json:
        machine = {"cores": plan.cores, "processor": platform.processor() or platform.machine()}
        entries = [asdict(row) | {"is_reached": row.is_reached} for row in rows]
        click.echo(json.dumps({"machine": machine, "rows": entries}, indent=2))


def _make_plan(artifact: Path | None, cache: Path, scratch: Path, sizes: dict[str, Any]) -> Plan:
    narratives = load_narratives(sizes["narratives"])
    archive = artifact or build_artifact(cache, SMALL, sizes["max_length"])
    base_archive = build_artifact(cache, BASE, sizes["max_length"])
    return Plan(
        artifact=unpack_artifact(archive, scratch / "small").directory,
        base_artifact=unpack_artifact(base_archive, scratch / "base").directory,
        narratives=narratives,
        cores=available_cores(),
        rounds=sizes["rounds"],
        clients=sizes["clients"],
        scratch=scratch,
        peers=tuple(Peer(name, environment) for name, environment in sizes["peers"]),
        max_length=sizes["max_length"],
        deadline_seconds=sizes["deadline"],
        terminations=sizes["terminations"],
    )


def _run(name: str, plan: Plan, console: Console) -> list[Row]:
    console.print(f"measuring: {name}")
    return MEASUREMENTS[name](plan)


def _table(rows: list[Row]) -> Table:
    table = Table("what", "measured", "bar", "reached", "note")
    for row in rows:
        bar = f"{'>=' if row.higher_is_better else '<='} {row.bar:g}"
        reached = "yes" if row.is_reached else "NO"
        table.add_row(row.name, f"{row.value:.3g}", bar, reached, row.note)
    return table


if __name__ == "__main__":
    cli()
