"""Training on this machine: the packaged services as subprocesses, one after the other."""

import fcntl
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from services.retraining_agent.errors import BadInputError, JobFailedError
from services.retraining_agent.jobs import JobStatus, TrainingJob

_CHECKPOINT = "checkpoint"
_ARCHIVE = "artifact/model.tar.gz"


@dataclass(frozen=True)
class LocalCommands:
    """Command lines with placeholders in braces: data, holdout, work, checkpoint, archive_folder,
    archive (model.tar.gz in that folder), version.

    The trainer has to leave the folder `checkpoint`, the exporter the file `archive`, each whole
    or not at all.
    """

    trainer: str
    exporter: str
    outlive_agent: bool = True
    """Whether they get a session of their own, so that what ends the agent's group spares them."""


@dataclass(frozen=True)
class _Child:
    """A running command, and what it has to leave behind."""

    process: "subprocess.Popen[bytes]"
    output: Path


class LocalTrainingJobs:
    """TrainingJobs as child processes.

    Each child holds a lock for as long as it lives, so that the next agent waits for one that
    outlived its own instead of starting another.
    """

    def __init__(self, folder: Path, commands: LocalCommands, patience_seconds: float = 5) -> None:
        self._folder = folder
        self._commands = commands
        self._patience_seconds = patience_seconds
        self._child: _Child | None = None

    def advance(self, job: TrainingJob) -> JobStatus:
        if self._child is None:
            output = self._next_output(job)
            if output is None:
                return "succeeded"
            self._write_data(job)
            self._child = self._start(job, output)
        if self._child is None:
            return "running"
        try:
            code = self._child.process.wait(self._patience_seconds)
        except subprocess.TimeoutExpired:
            return "running"
        output, self._child = self._child.output, None
        return "running" if code == 0 and output.exists() else "failed"

    def artifact(self, job: TrainingJob) -> bytes:
        try:
            return (self._job_folder(job) / _ARCHIVE).read_bytes()
        except OSError as error:
            raise JobFailedError(f"job {job.name} left no artifact: {error.strerror}") from error

    def _next_output(self, job: TrainingJob) -> Path | None:
        """Return what is still missing, None when all is there."""
        outputs = (self._job_folder(job) / name for name in (_CHECKPOINT, _ARCHIVE))
        return next((output for output in outputs if not output.exists()), None)

    def _write_data(self, job: TrainingJob) -> None:
        for name, content in (("data", job.training_set), ("holdout", job.holdout)):
            path = Path(self._values(job)[name])
            temporary = path.with_suffix(".tmp")
            temporary.write_bytes(content)
            os.replace(temporary, path)

    def _start(self, job: TrainingJob, output: Path) -> "_Child | None":
        """Start the next command, unless a child of an agent that was killed still works."""
        folder = self._job_folder(job)
        trains = output.name == _CHECKPOINT
        template = self._commands.trainer if trains else self._commands.exporter
        with (folder / "lock").open("w") as lock, (folder / "job.log").open("ab") as log:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return None
            process = subprocess.Popen(
                command_line(template, self._values(job)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[lock.fileno()],
                start_new_session=self._commands.outlive_agent,
            )
            return _Child(process, output)

    def _job_folder(self, job: TrainingJob) -> Path:
        folder = self._folder / job.name
        (folder / _ARCHIVE).parent.mkdir(parents=True, exist_ok=True)
        return folder

    def _values(self, job: TrainingJob) -> dict[str, str]:
        folder = self._job_folder(job)
        return {
            "data": str(folder / "training_set.parquet"),
            "holdout": str(folder / "holdout.parquet"),
            "work": str(folder / "work"),
            "checkpoint": str(folder / _CHECKPOINT),
            "archive_folder": str((folder / _ARCHIVE).parent),
            "archive": str(folder / _ARCHIVE),
            "version": job.version,
        }


def command_line(template: str, values: dict[str, str]) -> list[str]:
    """Split a command and fill in its placeholders; raises BadInputError naming a wrong one."""
    try:
        return [word.format(**values) for word in shlex.split(template)]
    except (KeyError, IndexError, ValueError) as error:
        known = ", ".join(f"{{{name}}}" for name in values)
        raise BadInputError(
            f"command {template!r}: expected only the placeholders {known}"
        ) from error
