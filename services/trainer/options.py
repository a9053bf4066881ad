"""The options that commands share, and the configuration that they add up to."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import yaml

from services.trainer.config import TrainerConfig, build_config
from services.trainer.errors import ConfigError

Command = TypeVar("Command", bound=Callable[..., Any])
ANY_PATH = click.Path(path_type=Path)


def config_options(command: Command) -> Command:
    """Add the options that every step shares."""
    options = [
        click.option("--work", type=ANY_PATH, help="Where steps leave what later ones need."),
        click.option("--config", "config_file", type=ANY_PATH, help="YAML; see `trainer config`."),
        click.option("--set", "settings", multiple=True, help="One field: section.field=value."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


DATA = click.option(
    "--data", required=True, help="Labelled complaints, CSV or Parquet: a path or s3://bucket/key."
)
TEST = click.option("--test", help="Complaints kept for the evaluation alone, like --data.")
TO = click.option("--to", required=True, type=ANY_PATH, help="Folder of the checkpoint to write.")
OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace the folder if it is there.")


def read_config(options: Mapping[str, Any]) -> TrainerConfig:
    """Join file, --set and named options, the later ones winning."""
    document: object = {}
    path: Path | None = options["config_file"]
    if path is not None:
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not YAML") from error
    overrides: dict[str, object] = {}
    for setting in options["settings"]:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set {setting!r}: expected section.field=value")
        overrides[name] = yaml.safe_load(value)
    for option, field in _FIELD_OF_OPTION.items():
        if options.get(option) is not None:
            overrides[field] = options[option]
    return build_config(document, overrides)


_FIELD_OF_OPTION = {
    "encoder": "encoder.name",
    "max_length": "encoder.max_length",
    "epochs": "fit.epochs",
    "limit": "data.limit",
    "seed": "fit.seed",
}
