"""Exports a model of a given size through every gate; times torch, float32 and int8 in turns."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import click
import torch

from libs.heads.spec import HeadKind
from services.onnx_exporter import steps
from services.onnx_exporter.errors import GateError
from services.onnx_exporter.export import TrainedModel, load_trained_model
from services.onnx_exporter.gate import Bounds
from services.onnx_exporter.narratives import fixed_narratives, read_narratives
from services.onnx_exporter.onnx_classifier import OnnxClassifier
from services.onnx_exporter.parity import torch_logits
from services.onnx_exporter.pieces import cut_pieces
from services.onnx_exporter.quantize import QuantizeSettings
from services.onnx_exporter.steps import VerifySettings
from services.onnx_exporter.testing.checkpoints import (
    BASE_SHAPE,
    MINILM_SHAPE,
    write_random_checkpoint,
)
from services.onnx_exporter.workspace import VerifyReport, Workspace

SHAPES = {"minilm": MINILM_SHAPE, "base": BASE_SHAPE}
LENGTHS = (32, 64, 128, 256, 512)
# Int8 is a quarter of float32, whatever the size; a little more for scales and the graph.
SIZE_SHARE = 0.27

Run = Callable[[Sequence[int]], object]


@click.command()
@click.option(
    "--shape", type=click.Choice(sorted(SHAPES)), default="minilm", help="Random weights of a size."
)
@click.option(
    "--head",
    type=click.Choice(get_args(HeadKind)),
    default="cls_mlp",
    show_default=True,
    help="Pooling of those; only under cls_mlp the last layer computes one token.",
)
@click.option("--layers", default=6, show_default=True, help="Layers of those.")
@click.option(
    "--checkpoint", type=click.Path(exists=True, path_type=Path), help="A trained model instead."
)
@click.option("--narratives", type=click.Path(path_type=Path), help="Labelled complaints.")
@click.option("--threads", default=2, show_default=True, help="Threads of all three.")
@click.option("--rounds", default=15, show_default=True, help="Runs of each length.")
def main(
    shape: str,
    head: HeadKind,
    layers: int,
    checkpoint: Path | None,
    narratives: Path | None,
    threads: int,
    rounds: int,
) -> None:
    """Print a table of milliseconds by length, and what the gates measured."""
    if narratives and checkpoint is None:
        raise click.UsageError("--narratives judges a trained model: give its --checkpoint too")
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as name:
        source = checkpoint or Path(name) / "checkpoint"
        if checkpoint is None:
            write_random_checkpoint(source, replace(SHAPES[shape], head_kind=head, layers=layers))
        model, workspace = load_trained_model(source), Workspace(Path(name) / "work")
        try:
            measured = _export(model, workspace, narratives, threads).measured
        except GateError as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"float32 against torch {measured.parity.max_logit_difference:.1e}")
        click.echo(f"{measured.size_bytes} bytes, float32 {measured.reference_size_bytes}")
        click.echo(measured.agreement)
        _print_table(model, _runs(model, workspace, threads), rounds)


def _runs(model: TrainedModel, workspace: Workspace, threads: int) -> list[Run]:
    return [
        lambda piece: torch_logits(model.classifier, piece),
        OnnxClassifier(workspace.optimized_graph, threads).logits,
        OnnxClassifier(workspace.served_graph, threads).logits,
    ]


def _print_table(model: TrainedModel, runs: Sequence[Run], rounds: int) -> None:
    encoded = model.tokenizer.encode_batch(fixed_narratives().texts)
    stream = [token for item in encoded for token in item.input_ids]
    click.echo(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    click.echo("| tokens | torch ms | float32 ms | int8 ms | float32/int8 | torch/int8 |")
    click.echo("|---|---|---|---|---|---|")
    for piece in cut_pieces(stream, LENGTHS):
        eager, reference, served = (seconds * 1e3 for seconds in _medians(runs, piece, rounds))
        click.echo(
            f"| {len(piece)} | {eager:.1f} | {reference:.1f} | {served:.1f} "
            f"| {reference / served:.2f} | {eager / served:.2f} |"
        )


def _export(
    model: TrainedModel, workspace: Workspace, narratives: Path | None, threads: int
) -> VerifyReport:
    steps.run_export(model, workspace)
    steps.run_optimize(model, workspace)
    steps.run_quantize(model, workspace, QuantizeSettings(), fixed_narratives())
    judged = fixed_narratives() if narratives is None else read_narratives(narratives)
    size_bytes = int(SIZE_SHARE * workspace.optimized_graph.stat().st_size)
    settings = VerifySettings(judged, Bounds(size_bytes=size_bytes), threads)
    return steps.run_verify(model, workspace, settings, lambda: None)


def _medians(runs: Sequence[Run], piece: Sequence[int], rounds: int) -> list[float]:
    """Time each in turns, so that a busy machine slows all of them.

    Each runs once untimed first: threads of the one before may still wait awake for more work.
    """
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for found, run in zip(times, runs, strict=True):
            run(piece)
            start = time.perf_counter()
            run(piece)
            found.append(time.perf_counter() - start)
    return [statistics.median(found) for found in times]


if __name__ == "__main__":
    main()
