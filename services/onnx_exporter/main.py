"""The command line: turns a checkpoint into a verified artifact, in one go or step by step."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from libs.artifact.errors import ArtifactError
from libs.artifact.manifest import Precision
from libs.events.errors import EventsError
from libs.heads.errors import HeadsError
from libs.labels.errors import LabelsError
from libs.text.errors import TextError
from services.onnx_exporter import steps
from services.onnx_exporter.errors import ExporterError
from services.onnx_exporter.export import load_trained_model
from services.onnx_exporter.gate import Bounds
from services.onnx_exporter.narratives import fixed_narratives, read_narratives
from services.onnx_exporter.pack import Release
from services.onnx_exporter.pipeline import (
    ARCHIVE_FILE,
    Announce,
    ExportResult,
    ExportSettings,
    run_pipeline,
)
from services.onnx_exporter.quantize import Preset, QuantizeSettings
from services.onnx_exporter.steps import VerifySettings
from services.onnx_exporter.workspace import Workspace

BAD_INPUT = (ExporterError, ArtifactError, EventsError, HeadsError, LabelsError, TextError)
DEFAULT_BOUNDS = Bounds()

Options = dict[str, Any]
Decorator = Callable[[Callable[..., None]], Callable[..., None]]


class BadInputError(click.ClickException):
    """What the user gave cannot be used; asking again will not help."""

    exit_code = 2


class OneSentenceGroup(click.Group):
    """Turns every error of the domain into one sentence and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BAD_INPUT as error:
            raise BadInputError(str(error)) from error


def _options(*options: Callable[..., Any]) -> Decorator:
    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


CHECKPOINT = click.argument(
    "checkpoint", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
WORKSPACE = click.argument(
    "workspace", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
RELEASE = _options(
    click.option("--name", default="complaints", show_default=True, help="The model's name."),
    click.option("--version", default="1.0.0", show_default=True, help="The model's version."),
    click.option(
        "--created-at",
        type=click.DateTime(),
        help="The artifact's date (UTC); the checkpoint's own by default, so that exports repeat.",
    ),
)
QUANTIZE = _options(
    click.option(
        "--precision",
        type=click.Choice(get_args(Precision)),
        default="int8_dynamic",
        show_default=True,
        help="The precision of the served graph.",
    ),
    click.option(
        "--preset",
        type=click.Choice(get_args(Preset)),
        default="avx512_vnni",
        show_default=True,
        help="The processors that the int8 weights are made for.",
    ),
)
VERIFY = _options(
    click.option(
        "--narratives",
        "narratives_file",
        type=click.Path(path_type=Path),
        help="Labelled complaints (CSV or Parquet) to compare with float32 on; without it a few "
        "fixed narratives, which say nothing of F1 or calibration.",
    ),
    click.option(
        "--max-macro-f1-loss",
        type=float,
        default=DEFAULT_BOUNDS.macro_f1_loss,
        show_default=True,
        help="Largest loss of macro F1 against float32.",
    ),
    click.option(
        "--max-flip-rate",
        type=float,
        default=DEFAULT_BOUNDS.flip_rate,
        show_default=True,
        help="Largest share of labels that may differ from float32.",
    ),
    click.option(
        "--max-ece-change",
        type=float,
        default=DEFAULT_BOUNDS.ece_change,
        show_default=True,
        help="Largest change of the calibration error.",
    ),
    click.option(
        "--max-size-bytes",
        type=int,
        default=DEFAULT_BOUNDS.size_bytes,
        show_default=True,
        help="Largest graph below float32.",
    ),
)


@click.group(cls=OneSentenceGroup, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Turn a checkpoint into an artifact that proves that it is the model."""
    # ONNX Runtime's tools advise on the root logger; what matters comes as an error of ours.
    logging.getLogger().setLevel(logging.ERROR)


@cli.command()
@CHECKPOINT
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder for model.tar.gz, or with --graph-only the workspace of the other steps.",
)
@click.option("--graph-only", is_flag=True, help="Write the float32 graph and stop there.")
@RELEASE
@QUANTIZE
@VERIFY
@JSON
def export(checkpoint: Path, target: Path, graph_only: bool, as_json: bool, **options: Any) -> None:
    """Export, optimize, quantize, verify and pack CHECKPOINT."""
    with _progress() as announce:
        if graph_only:
            announce("export", 1)
            result: msgspec.Struct = steps.run_export(
                load_trained_model(checkpoint), Workspace(target)
            )
        else:
            settings = ExportSettings(
                _release(options), _quantize_settings(options), _verify_settings(options)
            )
            result = run_pipeline(checkpoint, target, settings, announce)
    _print(result, as_json)


@cli.command()
@WORKSPACE
@JSON
def optimize(workspace: Path, as_json: bool) -> None:
    """Fuse the float32 graph in WORKSPACE."""
    with _progress() as announce:
        announce("optimize", 1)
        folder = Workspace(workspace)
        result = steps.run_optimize(steps.open_source(folder), folder)
    _print(result, as_json)


@cli.command()
@WORKSPACE
@QUANTIZE
@JSON
def quantize(workspace: Path, as_json: bool, **options: Any) -> None:
    """Make the served graph in WORKSPACE from the optimized one."""
    with _progress() as announce:
        announce("quantize", 1)
        result = steps.run_quantize(Workspace(workspace), _quantize_settings(options))
    _print(result, as_json)


@cli.command()
@WORKSPACE
@VERIFY
@JSON
def verify(workspace: Path, as_json: bool, **options: Any) -> None:
    """Prove that the served graph in WORKSPACE is the trained model, or fail."""
    folder, settings = Workspace(workspace), _verify_settings(options)
    with _progress() as announce:
        advance = announce("verify", 2 * len(settings.narratives.narratives))
        result = steps.run_verify(steps.open_source(folder), folder, settings, advance)
    _print(result, as_json)


@cli.command()
@WORKSPACE
@RELEASE
@JSON
def pack(workspace: Path, as_json: bool, **options: Any) -> None:
    """Pack the verified graph in WORKSPACE into model.tar.gz there."""
    folder = Workspace(workspace)
    with _progress() as announce:
        announce("pack", 1)
        archive = workspace / ARCHIVE_FILE
        digest = steps.run_pack(steps.open_source(folder), folder, _release(options), archive)
    document = {"archive": str(archive), "digest": digest}
    _emit(document, f"{archive} has the digest {digest}", as_json)


def _release(options: Options) -> Release:
    created_at: datetime | None = options["created_at"]
    return Release(
        options["name"],
        options["version"],
        None if created_at is None else created_at.replace(tzinfo=UTC),
    )


def _quantize_settings(options: Options) -> QuantizeSettings:
    return QuantizeSettings(options["precision"], options["preset"])


def _verify_settings(options: Options) -> VerifySettings:
    path: Path | None = options["narratives_file"]
    return VerifySettings(
        fixed_narratives() if path is None else read_narratives(path),
        Bounds(
            macro_f1_loss=options["max_macro_f1_loss"],
            flip_rate=options["max_flip_rate"],
            ece_change=options["max_ece_change"],
            size_bytes=options["max_size_bytes"],
        ),
    )


@contextmanager
def _progress() -> Iterator[Announce]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def announce(step: str, units: int) -> Callable[[], None]:
            for task in progress.task_ids:
                progress.update(task, completed=progress.tasks[task].total)
                progress.stop_task(task)
            task_id = progress.add_task(step, total=units)
            return lambda: progress.advance(task_id)

        yield announce
        for task in progress.task_ids:
            progress.update(task, completed=progress.tasks[task].total)


def _print(result: msgspec.Struct, as_json: bool) -> None:
    if isinstance(result, ExportResult):
        sentence = (
            f"{result.archive}: {result.archive_size_bytes / 1e6:.1f} MB, digest {result.digest}"
        )
    else:
        sentence = msgspec.json.format(msgspec.json.encode(result)).decode()
    _emit(result, sentence, as_json)


def _emit(document: object, sentence: str, as_json: bool) -> None:
    click.echo(msgspec.json.encode(document).decode() if as_json else sentence)


if __name__ == "__main__":
    sys.exit(cli())
