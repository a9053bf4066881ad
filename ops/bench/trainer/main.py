"""Benchmarks of the trainer: speed, scale, and what each setting is worth."""

import json
import os
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click
import msgspec
import yaml
from rich.console import Console

from libs.events.labelled import ComplaintRow, iterate_complaints
from libs.labels.schema import LABEL_SCHEMA
from ops.bench.trainer.narratives import NarrativeSpec, generate_narratives
from ops.bench.trainer.table import describe_machine, render_table

MILLIONS = 3_800_000
MEMORY_MIB = 24 * 1024

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
_PATH = click.Path(path_type=Path)


@click.group()
def main() -> None:
    """Measure the trainer."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the trainer itself sets it


@main.command()
@click.option("--data", type=_PATH, help="Labelled complaints; without it, invented ones.")
@click.option("--rows", default=192, show_default=True, help="Rows of one epoch.")
@click.option("--max-length", default=256, show_default=True)
@click.option("--batch-size", default=16, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@_JSON
def speed(data: Path | None, as_json: bool, **options: int) -> None:
    """Training examples a second against the Hugging Face Trainer's defaults, in turns."""
    from ops.bench.trainer.speed import SpeedPlan, measure_speed

    rows = _rows(data, options.pop("rows"))
    result = measure_speed(SpeedPlan(rows, **options))
    table = [
        ["trainer", result.precision, f"{statistics.median(result.ours):.1f}", _each(result.ours)],
        ["defaults", "fp32", f"{statistics.median(result.defaults):.1f}", _each(result.defaults)],
        ["ratio", "", f"{result.ratio:.2f}", ""],
    ]
    _show(
        {**msgspec.to_builtins(result), "ratio": result.ratio, **options},
        render_table(["", "precision", "examples/s", "each round"], table),
        as_json,
    )


@main.command()
@click.option("--rows", default=40_000, show_default=True, help=f"The largest; up to {MILLIONS}.")
@click.option("--sizes", default=4, show_default=True, help="Each half of the one above it.")
@_JSON
def scale(rows: int, sizes: int, as_json: bool) -> None:
    """Rows a second and peak memory of `prepare` at growing sizes; fails beyond 24 GiB."""
    from ops.bench.trainer.scale import estimate_mib, measure_scale

    points = measure_scale([rows // 2**power for power in reversed(range(sizes))])
    estimate = estimate_mib(points, MILLIONS)
    table = [
        [
            f"{point.rows:,}",
            f"{point.seconds:.1f}",
            f"{point.cpu_seconds:.1f}",
            f"{point.rows_per_second:,.0f}",
            f"{point.peak_mib:,.0f}",
        ]
        for point in points
    ]
    heads = ["rows", "seconds", "CPU seconds", "rows/s", "peak MiB"]
    _show(
        {"points": msgspec.to_builtins(points), "estimated_mib": estimate},
        f"{render_table(heads, table)}\n{MILLIONS:,} rows: {estimate:,.0f} MiB on this line",
        as_json,
    )
    if max(estimate, points[-1].peak_mib) > MEMORY_MIB:
        click.echo(f"that is more than {MEMORY_MIB:,} MiB", err=True)
        sys.exit(1)


@main.command()
@click.option("--data", type=_PATH, required=True, help="Labelled complaints, never a test file.")
@click.option("--work", type=_PATH, required=True, help="Where finished variants are kept.")
@click.option("--rows", default=3000, show_default=True)
@click.option("--epochs", default=2.0, show_default=True)
@click.option("--max-length", default=256, show_default=True)
@click.option("--config", "config_file", type=_PATH, help="YAML of the base, as the trainer's.")
@click.option("--only", multiple=True, help="Just this variant; the base always runs.")
@_JSON
def ablate(
    data: Path,
    work: Path,
    config_file: Path | None,
    only: tuple[str, ...],
    as_json: bool,
    **budget: Any,
) -> None:
    """One run a variant on a fixed budget; run again, it goes on with those that are missing."""
    from ops.bench.trainer import ablate as ablation
    from services.trainer.pipeline import RunContext
    from services.trainer.progress import ConsoleReporter
    from services.trainer.workspace import Workspace

    limits = ablation.Budget(**budget)
    document = yaml.safe_load(config_file.read_text()) if config_file else {}
    known = ablation.variants(limits)
    if unknown := set(only) - known.keys():
        raise click.BadParameter(f"{', '.join(sorted(unknown))}: expected of {', '.join(known)}")
    context = RunContext(
        workspace=Workspace(work),
        config=ablation.base_config(limits, document),
        reporter=ConsoleReporter(Console(stderr=True)),
        now=lambda: datetime.now(UTC),
        code_revision="bench",
    )
    chosen = {name: known[name] for name in known if not only or name in (ablation.BASE, *only)}
    rows = ablation.ablate(
        context,
        data,
        chosen,
        lambda row: click.echo(f"{row.variant}: {row.macro_f1:.4f}", err=True),
    )
    table = [
        [
            row.variant,
            f"{row.macro_f1:.4f}",
            f"{row.difference:+.4f}",
            f"{row.best_epoch:g}",
            f"{row.examples_per_second:.1f}",
        ]
        for row in rows
    ]
    spread = ablation.seed_spread(rows)
    heads = ["variant", "macro F1 on validation", "to base", "best epoch", "examples/s"]
    _show(
        {"rows": msgspec.to_builtins(rows), "seed_spread": spread, **budget},
        f"{render_table(heads, table)}\nstandard deviation over seeds: {spread:.4f}",
        as_json,
    )


@main.command()
@click.option("--data", type=_PATH, required=True, help="Labelled complaints with variants.")
@click.option("--max-length", default=320, show_default=True)
@_JSON
def prior(data: Path, max_length: int, as_json: bool) -> None:
    """The sparse model under every prior, on validation rows kept as served ones are."""
    from ops.bench.trainer.prior import measure_priors
    from services.trainer.config import build_config

    config = build_config(
        {}, {"data.test_fraction": 0.0, "data.split": "clustered", "encoder.max_length": max_length}
    )
    with tempfile.TemporaryDirectory() as work:
        rows = measure_priors(
            data,
            config,
            Path(work),
            lambda row: click.echo(f"{row.prior}: {row.macro_f1:.4f}", err=True),
        )
    table = [[row.prior, f"{row.macro_f1:.4f}", f"{row.accuracy_at_80:.4f}"] for row in rows]
    _show(
        {"rows": msgspec.to_builtins(rows), "max_length": max_length},
        render_table(["prior", "macro F1", "accuracy on the 80 % surest"], table),
        as_json,
    )


def _rows(data: Path | None, count: int) -> list[ComplaintRow]:
    if data is not None:
        usable = (row for row in iterate_complaints(data) if isinstance(row, ComplaintRow))
        return list(islice(usable, count))
    narratives = next(generate_narratives(NarrativeSpec(count)))
    names = LABEL_SCHEMA.names
    return [
        ComplaintRow(number + 1, narrative, names[number % len(names)])
        for number, narrative in enumerate(narratives)
    ]


def _each(speeds: list[float]) -> str:
    return ", ".join(f"{speed:.1f}" for speed in speeds)


def _show(document: dict[str, Any], table: str, as_json: bool) -> None:
    machine = describe_machine()
    if as_json:
        click.echo(json.dumps({"machine": machine, **document}, indent=2))
    else:
        click.echo(f"{machine}\n{table}")


if __name__ == "__main__":
    main()
