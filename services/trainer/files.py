"""Folders that appear whole or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from services.trainer.errors import OutputError


@contextmanager
def new_folder(directory: Path) -> Iterator[Path]:
    """Give a staging folder that becomes `directory` when the block ends well.

    What stood there before is replaced. Raises OutputError when it cannot be written.
    """
    staging = _staging(directory)
    try:
        with write_errors_named(directory):
            yield staging
            for path in staging.rglob("*"):
                path.chmod(0o755 if path.is_dir() else 0o644)
            shutil.rmtree(directory, ignore_errors=True)
            os.replace(staging, directory)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def write_errors_named(path: Path) -> Iterator[None]:
    """Turn whatever a failed write under `path` raises into OutputError."""
    try:
        yield
    except OSError as error:
        raise describe_write_error(path, error) from error
    except (SafetensorError, RuntimeError) as error:
        # safetensors and torch raise these, without an error number, when the disk is full.
        if not any(
            sign in str(error)
            for sign in ("No space left", "PytorchStreamWriter", "inline_container")
        ):
            raise
        raise describe_write_error(path, OSError(errno.ENOSPC, "")) from error


def describe_write_error(path: Path, error: OSError) -> OutputError:
    """Say in one sentence why `path` could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
        return OutputError(f"the disk is full: {path} was not written")
    return OutputError(f"{path} cannot be written: {error.strerror or error}")


def _staging(directory: Path) -> Path:
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        staging = tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent)
    except OSError as error:
        raise describe_write_error(directory, error) from error
    Path(staging).chmod(0o755)
    return Path(staging)
