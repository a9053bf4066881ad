"""The options that several commands share, and what they mean."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from libs.artifact.manifest import Identifier, Precision
from services.onnx_exporter.gate import Bounds
from services.onnx_exporter.narratives import NarrativeSet, fixed_narratives, read_narratives
from services.onnx_exporter.onnx_classifier import DEFAULT_THREADS
from services.onnx_exporter.quantize import Preset, QuantizeSettings
from services.onnx_exporter.release import Release
from services.onnx_exporter.steps import VerifySettings

Options = dict[str, Any]
Command = Callable[..., None]

DEFAULT_BOUNDS = Bounds()


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _identifier(_: click.Context, __: click.Parameter, value: str) -> str:
    try:
        return msgspec.convert(value, Identifier)
    except msgspec.ValidationError as error:
        raise click.BadParameter(
            f"{value!r} may have letters, digits, dots, dashes, underscores and pluses alone"
        ) from error


def _bound(name: str, field: str, what: str) -> Callable[[Command], Command]:
    default = getattr(DEFAULT_BOUNDS, field)
    return click.option(
        name, field, type=type(default), default=default, show_default=True, help=what
    )


CHECKPOINT = click.argument(
    "checkpoint", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
WORKSPACE = click.argument(
    "workspace", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
NARRATIVES = click.option(
    "--narratives",
    "narratives_file",
    type=click.Path(path_type=Path),
    help="Labelled complaints (CSV or Parquet) to compare on. Without it: a few fixed narratives, "
    "which say nothing of F1 or calibration.",
)
RELEASE = _together(
    click.option(
        "--name",
        default="complaints",
        show_default=True,
        callback=_identifier,
        help="The model's name.",
    ),
    click.option(
        "--version",
        default="1.0.0",
        show_default=True,
        callback=_identifier,
        help="The model's version.",
    ),
    click.option(
        "--created-at",
        type=click.DateTime(),
        help="The artifact's date (UTC); the checkpoint's own by default, so that exports repeat.",
    ),
    click.option(
        "--data-statement",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Markdown for the model card: where the training data comes from, and its limits.",
    ),
)
QUANTIZE = _together(
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
    click.option(
        "--float-operators",
        type=click.IntRange(min=1),
        default=QuantizeSettings.float_operators,
        show_default=True,
        help="With int8_mixed: how many of the most sensitive operators stay float32.",
    ),
    click.option(
        "--calibration",
        "calibration_file",
        type=click.Path(path_type=Path),
        help="Complaints (CSV or Parquet) for int8_static and int8_mixed to measure on, never "
        "those that the model is judged on. Without it: the fixed narratives.",
    ),
)
THREADS = click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=DEFAULT_THREADS,
    show_default=True,
    help="Threads of each ONNX Runtime session.",
)
VERIFY = _together(
    NARRATIVES,
    THREADS,
    _bound("--max-logit-difference", "logit_difference", "Float32 graph against torch."),
    _bound("--max-macro-f1-loss", "macro_f1_loss", "Loss of macro F1 against float32."),
    _bound("--max-flip-rate", "flip_rate", "Share of labels that differ from float32."),
    _bound("--max-ece-change", "ece_change", "Change of the calibration error."),
    _bound("--max-probability-shift", "probability_shift", "Mean change of a probability."),
    _bound("--max-size-bytes", "size_bytes", "Size of a graph below float32."),
)


def release(options: Options) -> Release:
    created_at: datetime | None = options["created_at"]
    statement: Path | None = options["data_statement"]
    return Release(
        options["name"],
        options["version"],
        None if created_at is None else created_at.replace(tzinfo=UTC),
        None if statement is None else statement.read_text(encoding="utf-8"),
    )


def quantize_settings(options: Options) -> QuantizeSettings:
    return QuantizeSettings(options["precision"], options["preset"], options["float_operators"])


def verify_settings(options: Options) -> VerifySettings:
    bounds = {name: options[name] for name in Bounds.__struct_fields__}
    return VerifySettings(
        narratives(options["narratives_file"]), Bounds(**bounds), options["threads"]
    )


def narratives(path: Path | None) -> NarrativeSet:
    """Return the given narratives, or the fixed ones; raises ComplaintFileError."""
    return fixed_narratives() if path is None else read_narratives(path)
