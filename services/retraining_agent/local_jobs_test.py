import os
import sys
from pathlib import Path

import pytest

from services.retraining_agent.errors import BadInputError, JobFailedError
from services.retraining_agent.jobs import JobStatus, TrainingJob
from services.retraining_agent.local_jobs import LocalCommands, LocalTrainingJobs, command_line

JOB = TrainingJob("run-1", "2.0.0", b"rows", "set.parquet", b"", "holdout.parquet", "model.tar.gz")
PYTHON = sys.executable
TRAIN = f"{PYTHON} -c 'import sys, os; os.mkdir(sys.argv[1])' {{checkpoint}}"
WRITE = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
EXPORT = f"{PYTHON} -c '{WRITE}' {{archive}} {{version}}"
READ = "import sys, pathlib; pathlib.Path(sys.argv[1]).read_text()"
BLOCK = f"{PYTHON} -c '{READ}' {{data}}.pipe"
FAIL = f"{PYTHON} -c 'raise SystemExit(3)'"
NOTHING = f"{PYTHON} -c pass"


def advance_to_end(jobs: LocalTrainingJobs) -> JobStatus:
    status: JobStatus = "running"
    while status == "running":
        status = jobs.advance(JOB)
    return status


def job_pipe(folder: Path) -> Path:
    """Return the pipe that BLOCK waits for."""
    pipe = folder / "run-1" / "training_set.parquet.pipe"
    pipe.parent.mkdir()
    os.mkfifo(pipe)
    return pipe


def test_training_and_export_run_one_after_the_other(tmp_path: Path) -> None:
    jobs = LocalTrainingJobs(tmp_path, LocalCommands(TRAIN, EXPORT))

    assert advance_to_end(jobs) == "succeeded"
    assert jobs.artifact(JOB) == b"2.0.0"
    assert (tmp_path / "run-1" / "training_set.parquet").read_bytes() == b"rows"


def test_a_command_that_ends_between_two_looks_has_not_failed(tmp_path: Path) -> None:
    pipe = job_pipe(tmp_path)
    jobs = LocalTrainingJobs(tmp_path, LocalCommands(BLOCK, EXPORT), patience_seconds=0)
    jobs.advance(JOB)

    (tmp_path / "run-1" / "checkpoint").mkdir()
    pipe.write_text("go on")

    assert advance_to_end(jobs) == "succeeded"


def test_a_job_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    advance_to_end(LocalTrainingJobs(tmp_path, LocalCommands(TRAIN, EXPORT)))

    again = LocalTrainingJobs(tmp_path, LocalCommands(FAIL, FAIL))

    assert again.advance(JOB) == "succeeded"


@pytest.mark.parametrize("trainer", [FAIL, NOTHING])
def test_a_command_that_fails_or_leaves_nothing_fails_the_job(tmp_path: Path, trainer: str) -> None:
    jobs = LocalTrainingJobs(tmp_path, LocalCommands(trainer, EXPORT))

    assert advance_to_end(jobs) == "failed"
    with pytest.raises(JobFailedError, match="run-1"):
        jobs.artifact(JOB)


def test_the_child_of_a_killed_agent_is_waited_for_not_doubled(tmp_path: Path) -> None:
    pipe = job_pipe(tmp_path)
    killed = LocalTrainingJobs(tmp_path, LocalCommands(BLOCK, EXPORT), patience_seconds=0)
    assert killed.advance(JOB) == "running"

    successor = LocalTrainingJobs(tmp_path, LocalCommands(FAIL, EXPORT), patience_seconds=0)
    assert successor.advance(JOB) == "running"

    pipe.write_text("go on")
    assert advance_to_end(killed) == "failed"


@pytest.mark.parametrize("outlives", [True, False])
def test_a_child_shares_the_group_of_the_agent_unless_it_may_outlive_it(
    tmp_path: Path, outlives: bool
) -> None:
    group = "import os, sys, pathlib; pathlib.Path(sys.argv[1]).write_text(str(os.getpgid(0)))"
    commands = LocalCommands(f"{PYTHON} -c '{group}' {{checkpoint}}", EXPORT, outlives)

    advance_to_end(LocalTrainingJobs(tmp_path, commands))

    is_shared = int((tmp_path / "run-1" / "checkpoint").read_text()) == os.getpgid(0)
    assert is_shared is not outlives


def test_a_placeholder_that_nobody_fills_is_named() -> None:
    with pytest.raises(BadInputError, match="epochs"):
        command_line("train {epochs}", {"data": "x"})
