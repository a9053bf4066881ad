"""The serving container's command line and composition root: alone in reading the environment."""

import os
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from libs.artifact.archive import unpack_artifact
from libs.artifact.errors import ArtifactError
from libs.labels.errors import LabelsError
from services.serving.errors import ServingError, SettingsError, StartError
from services.serving.settings import Settings
from services.serving.verification import check_artifact

BAD_SETUP = 2

_ONE_THREAD_EACH = {
    # each lane brings its own parallelism; hidden pools would fight it for the cores
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@click.group()
def cli() -> None:
    """Serve a complaint classifier over HTTP, as a SageMaker container does."""


@cli.command()
def serve() -> None:
    """Verify the artifact at MODEL_PATH and serve it until SIGTERM.

    Everything is set by environment variables; README.md has the table.
    """
    try:
        settings = Settings.from_env(os.environ)
        with scratch_folder() as scratch:
            run(settings, scratch)
    except (ServingError, ArtifactError, LabelsError) as error:
        click.echo(f"serve: {error}", err=True)
        sys.exit(BAD_SETUP)


def run(settings: Settings, scratch: Path) -> None:
    """Check all that can be checked before a worker is forked, then serve."""
    os.environ.update(_ONE_THREAD_EACH)
    with bind(settings.host, settings.port) as listener:
        model_directory = prepare_artifact(settings.model_path, scratch / "model")
        metrics_directory = scratch / "metrics"
        metrics_directory.mkdir()
        # the metrics client reads this when it is imported, which is why the import is below
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics_directory)
        from services.serving.server import ServingApplication, Workplace

        workplace = Workplace(listener.detach(), model_directory, metrics_directory)
    ServingApplication(settings, workplace).run()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a temporary folder; a forked worker that leaves the block does not remove it."""
    owner = os.getpid()
    folder = Path(tempfile.mkdtemp(prefix="complaints-serving-"))
    try:
        yield folder
    finally:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises StartError."""
    try:
        return socket.create_server((host, port), backlog=2048)
    except OSError as error:
        raise StartError(f"cannot listen on {host}:{port}: {error.strerror}") from error


def prepare_artifact(model_path: Path, target: Path) -> Path:
    """Return a folder with the verified artifact, unpacked into `target` if need be."""
    try:
        is_folder = stat.S_ISDIR(model_path.stat().st_mode)
    except OSError as error:
        raise SettingsError(f"MODEL_PATH is {str(model_path)!r}: {error.strerror}") from error
    if is_folder:
        return check_artifact(model_path).directory
    return check_artifact(unpack_artifact(model_path, target).directory).directory


if __name__ == "__main__":
    cli()
