"""The work folder of a run: what each step left there, and from which inputs it was made."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from services.trainer.config import Section
from services.trainer.files import describe_write_error, new_folder

INPUTS_FILE = "inputs.sha256"


class Workspace:
    """Folders by step name. A step that finds its own inputs recorded need not run again."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, step: str) -> Path:
        return self.root / step

    def is_done(self, step: str, inputs: str) -> bool:
        """Tell whether the step's folder was made from `inputs`."""
        path = self.folder(step) / INPUTS_FILE
        return path.is_file() and path.read_text() == inputs

    @contextmanager
    def replace(self, step: str, inputs: str) -> Iterator[Path]:
        """Give a folder that becomes the step's when the block ends well; raises OutputError."""
        with new_folder(self.folder(step)) as folder:
            yield folder
            (folder / INPUTS_FILE).write_text(inputs)

    def resume(self, step: str, inputs: str) -> Path:
        """Return the step's folder as it was left, or a new one when it was for other inputs."""
        folder = self.folder(step)
        if not self.is_done(step, inputs):
            shutil.rmtree(folder, ignore_errors=True)
            try:
                folder.mkdir(parents=True)
                (folder / INPUTS_FILE).write_text(inputs)
            except OSError as error:
                raise describe_write_error(folder, error) from error
        return folder


def inputs_digest(*parts: str | int | Section | None) -> str:
    """Return one digest of all that a step's result depends on."""
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()
