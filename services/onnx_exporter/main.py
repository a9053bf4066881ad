"""The command line: turns a checkpoint into a verified artifact, in one go or step by step."""

import logging
import sys
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console

from libs.artifact.errors import ArtifactError
from libs.events.errors import EventsError
from libs.heads.errors import HeadsError
from libs.labels.errors import LabelsError
from libs.text.errors import TextError
from services.onnx_exporter import display, options, steps
from services.onnx_exporter.artifact_figures import measure_artifact
from services.onnx_exporter.comparison import compare_artifacts
from services.onnx_exporter.errors import ExporterError
from services.onnx_exporter.export import load_trained_model
from services.onnx_exporter.inspection import inspect_artifact, open_any
from services.onnx_exporter.pipeline import ARCHIVE_FILE, ExportSettings, run_pipeline
from services.onnx_exporter.recover import recover_checkpoint
from services.onnx_exporter.workspace import Workspace

BAD_INPUT = (ExporterError, ArtifactError, EventsError, HeadsError, LabelsError, TextError)
ARTIFACT_PATH = click.Path(exists=True, path_type=Path)


class BadInputError(click.ClickException):
    """What the user gave cannot be used; asking again will not help."""

    exit_code = 2


class OneSentenceGroup(click.Group):
    """Turns bad input into one sentence and exit code 2, a fault of the machine into 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BAD_INPUT as error:
            raise BadInputError(str(error)) from error
        except OSError as error:
            raise click.ClickException(f"{error.strerror}: {error.filename}") from error


@click.group(cls=OneSentenceGroup, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Turn a checkpoint into an artifact that proves that it is the model."""
    # ONNX Runtime's tools advise on the root logger; what matters comes as an error of ours.
    logging.getLogger().setLevel(logging.ERROR)


@cli.command()
@options.CHECKPOINT
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="The folder for model.tar.gz, or with --graph-only the workspace of the other steps.",
)
@click.option("--graph-only", is_flag=True, help="Write the float32 graph and stop there.")
@options.RELEASE
@options.QUANTIZE
@options.VERIFY
@options.JSON
def export(checkpoint: Path, target: Path, graph_only: bool, as_json: bool, **given: Any) -> None:
    """Export, optimize, quantize, verify and pack CHECKPOINT."""
    settings = ExportSettings(
        options.release(given),
        options.quantize_settings(given),
        options.narratives(given["calibration_file"]),
        options.verify_settings(given),
    )
    with display.show_progress() as announce:
        if graph_only:
            announce("export", 1)
            model = load_trained_model(checkpoint)
            result: msgspec.Struct = steps.run_export(model, Workspace(target))
        else:
            result = run_pipeline(checkpoint, target, settings, announce)
    _print(result, as_json)


@cli.command()
@options.WORKSPACE
@options.JSON
def optimize(workspace: Path, as_json: bool) -> None:
    """Fuse the float32 graph in WORKSPACE."""
    folder = Workspace(workspace)
    with display.show_progress() as announce:
        announce("optimize", 1)
        result = steps.run_optimize(steps.open_source(folder), folder)
    _print(result, as_json)


@cli.command()
@options.WORKSPACE
@options.QUANTIZE
@options.JSON
def quantize(workspace: Path, as_json: bool, **given: Any) -> None:
    """Make the served graph in WORKSPACE from the optimized one."""
    folder, calibration = Workspace(workspace), options.narratives(given["calibration_file"])
    with display.show_progress() as announce:
        announce("quantize", 1)
        model = steps.open_source(folder)
        settings = options.quantize_settings(given)
        result = steps.run_quantize(model, folder, settings, calibration)
    _print(result, as_json)


@cli.command()
@options.WORKSPACE
@options.VERIFY
@options.JSON
def verify(workspace: Path, as_json: bool, **given: Any) -> None:
    """Prove that the served graph in WORKSPACE is the trained model, or fail."""
    folder, settings = Workspace(workspace), options.verify_settings(given)
    with display.show_progress() as announce:
        advance = announce("verify", 2 * len(settings.narratives.narratives))
        result = steps.run_verify(steps.open_source(folder), folder, settings, advance)
    _print(result, as_json)


@cli.command()
@options.WORKSPACE
@options.RELEASE
@options.JSON
def pack(workspace: Path, as_json: bool, **given: Any) -> None:
    """Pack the verified graph in WORKSPACE into model.tar.gz there."""
    folder, archive = Workspace(workspace), workspace / ARCHIVE_FILE
    with display.show_progress() as announce:
        announce("pack", 1)
        digest = steps.run_pack(steps.open_source(folder), folder, options.release(given), archive)
    _print({"archive": str(archive), "digest": digest}, as_json)


@cli.command()
@click.argument("artifact", type=ARTIFACT_PATH)
@options.JSON
def inspect(artifact: Path, as_json: bool) -> None:
    """Verify ARTIFACT, an archive or a folder, and say what it is."""
    _print(inspect_artifact(artifact), as_json)


@cli.command()
@click.argument("artifact", type=ARTIFACT_PATH)
@options.NARRATIVES
@options.THREADS
@options.JSON
def figures(artifact: Path, narratives_file: Path | None, threads: int, as_json: bool) -> None:
    """Measure ARTIFACT on labelled narratives: every figure that its model card quotes."""
    narratives = options.narratives(narratives_file)
    with display.show_progress() as announce:
        advance = announce("figures", len(narratives.narratives))
        result = measure_artifact(artifact, narratives, threads, advance)
    _print(result, as_json)


@cli.command()
@click.argument("first", type=ARTIFACT_PATH)
@click.argument("second", type=ARTIFACT_PATH)
@options.NARRATIVES
@options.THREADS
@options.JSON
def compare(
    first: Path, second: Path, narratives_file: Path | None, threads: int, as_json: bool
) -> None:
    """Run two artifacts on the same narratives: answers, size, latency."""
    narratives = options.narratives(narratives_file)
    with display.show_progress() as announce:
        advance = announce("compare", 2 * len(narratives.narratives))
        result = compare_artifacts((first, second), narratives, threads, advance)
    _print(result, as_json)


@cli.command()
@click.argument("artifact", type=ARTIFACT_PATH)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    required=True,
    help="The new folder for the checkpoint.",
)
@options.JSON
def recover(artifact: Path, target: Path, as_json: bool) -> None:
    """Write the weights of ARTIFACT as a checkpoint that training can start from."""
    if target.exists():
        raise BadInputError(f"{target} exists already: expected a new folder")
    with open_any(artifact) as opened:
        checkpoint = recover_checkpoint(opened, target)
    _print({"checkpoint": str(target), "digest": checkpoint.digest}, as_json)


def _print(result: object, as_json: bool) -> None:
    if as_json:
        click.echo(display.as_json(result))
    else:
        Console(soft_wrap=True).print(display.as_tables(result))


if __name__ == "__main__":
    sys.exit(cli())
