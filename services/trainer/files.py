"""Folders that appear whole or not at all."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.trainer.errors import OutputError


@contextmanager
def new_folder(directory: Path) -> Iterator[Path]:
    """Give a staging folder that becomes `directory` when the block ends well.

    What stood there before is replaced. Raises OutputError when it cannot be written.
    """
    staging = _staging(directory)
    try:
        yield staging
        for path in staging.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        shutil.rmtree(directory, ignore_errors=True)
        os.replace(staging, directory)
    except OSError as error:
        raise describe_write_error(directory, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def describe_write_error(path: Path, error: OSError) -> OutputError:
    """Say in one sentence why `path` could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
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
