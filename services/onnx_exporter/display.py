"""What a person sees: progress on stderr, and tables on stdout in the place of JSON."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.onnx_exporter.agreement import AgreementReport
from services.onnx_exporter.artifact_figures import ArtifactFigures
from services.onnx_exporter.comparison import Comparison
from services.onnx_exporter.inspection import Inspection
from services.onnx_exporter.latency import LatencyRow
from services.onnx_exporter.model_card import figure_rows
from services.onnx_exporter.pipeline import Announce, ExportResult


@contextmanager
def show_progress() -> Iterator[Announce]:
    """Yield an announcer that draws a bar for each step."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def announce(step: str, units: int) -> Callable[[], None]:
            _finish(progress)
            task_id = progress.add_task(step, total=units)
            return lambda: progress.advance(task_id)

        yield announce
        _finish(progress)


def _finish(progress: Progress) -> None:
    for task in progress.tasks:
        progress.update(task.id, completed=task.total)
        progress.stop_task(task.id)


def as_json(result: object) -> str:
    return msgspec.json.encode(result).decode()


def as_tables(result: object) -> RenderableType:
    """Return what a person wants to know of a result."""
    if isinstance(result, ExportResult):
        return _export(result)
    if isinstance(result, Inspection):
        return _inspection(result)
    if isinstance(result, Comparison):
        return _comparison(result)
    if isinstance(result, ArtifactFigures):
        return _figures(result)
    return msgspec.json.format(msgspec.json.encode(result)).decode()


def _export(result: ExportResult) -> RenderableType:
    measured = result.verify.measured
    facts = {
        "archive": f"{result.archive} ({_megabytes(result.archive_size_bytes)})",
        "digest": result.digest,
        "fusions": ", ".join(f"{n} {name}" for name, n in result.optimize.fusions.items()),
        "graph": f"{measured.precision}, {_megabytes(measured.size_bytes)}, "
        f"float32 {_megabytes(measured.reference_size_bytes)}",
        "float32 against torch": f"{measured.parity.max_logit_difference:.1e}",
        "run alone": "yes" if result.verify.one_narrative_per_run else "no",
        **_agreement(measured.agreement),
    }
    return Group(_facts(facts), _latency("float32", measured.precision, measured.latency))


def _inspection(result: Inspection) -> RenderableType:
    manifest = result.manifest
    return Group(
        _facts(
            {
                "model": f"{manifest.name} {manifest.version}",
                "digest": result.digest,
                "size": _megabytes(result.size_bytes),
                "labels": ", ".join(manifest.label_schema.names),
                "encoder": manifest.encoder.name,
                "head": manifest.head.kind,
                "precision": manifest.graph.precision,
                "run alone": "yes" if manifest.graph.one_narrative_per_run else "no",
                "max_length": f"{manifest.truncation.max_length} ({manifest.truncation.strategy})",
                "temperature": f"{manifest.temperature:.4g}",
                "review below": f"{manifest.review_threshold:.2f}",
                "created": f"{manifest.created_at:%Y-%m-%d %H:%M} UTC",
                "operators": ", ".join(f"{n} {name}" for name, n in result.operators.items()),
                **{name: str(value) for name, value in manifest.evaluation.items()},
            }
        )
    )


def _comparison(result: Comparison) -> RenderableType:
    sides = Table("", "first", "second")
    for name in ("name", "version", "precision", "digest", "macro_f1", "calibration_error"):
        values = [getattr(side, name) for side in (result.first, result.second)]
        sides.add_row(name, *map(_short, values))
    sizes = [_megabytes(side.graph_size_bytes) for side in (result.first, result.second)]
    sides.add_row("graph", *sizes)
    agreement = _facts(_agreement(result.agreement))
    return Group(sides, agreement, _latency("first", "second", result.latency))


def _figures(result: ArtifactFigures) -> RenderableType:
    classes = Table("label", "precision", "recall", "F1", "narratives")
    for score in result.figures.classes:
        shares = (f"{value:.4f}" for value in (score.precision, score.recall, score.f1))
        classes.add_row(score.label, *shares, f"{score.support:,}")
    facts = {"model": f"{result.name} {result.version}", "digest": result.digest}
    return Group(_facts({**facts, **figure_rows(result.figures)}), classes)


def _agreement(agreement: AgreementReport) -> dict[str, str]:
    facts = {
        "compared on": f"{agreement.narratives} narratives ({agreement.source})",
        "labels changed": f"{agreement.flips} ({agreement.flip_rate:.2%})",
        "probability shift": f"mean {agreement.mean_probability_shift:.4f}, "
        f"largest {agreement.max_probability_shift:.4f}",
    }
    if agreement.macro_f1_loss is not None:
        facts["macro F1"] = f"{agreement.macro_f1:.4f} (loss {agreement.macro_f1_loss:+.4f})"
        facts["calibration error"] = f"change {agreement.ece_change:+.4f}"
    return facts


def _latency(reference: str, served: str, rows: list[LatencyRow]) -> Table:
    table = Table("tokens", f"{reference} ms", f"{served} ms", "faster by")
    for row in rows:
        table.add_row(
            str(row.length),
            f"{row.reference_seconds * 1e3:.2f}",
            f"{row.served_seconds * 1e3:.2f}",
            f"{row.speedup:.2f}x",
        )
    return table


def _facts(facts: dict[str, str]) -> Table:
    table = Table(show_header=False, box=None)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, value)
    return table


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB"


def _short(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)[:16]
