"""The demo as its user runs it: a command, an exit code, files, and no process left behind."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.artifact.archive import unpack_artifact
from libs.events.prediction_log import read_prediction_log
from ops.local.demo.options import RELEASED
from services.serving.testing.tiny_artifact import write_tiny_archive

STREAMED = 40
DEADLINE_SECONDS = 240
MARK = "COMPLAINTS_DEMO_TEST"


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_archive(tmp_path_factory.mktemp("artifact"))


def released_digest() -> str:
    with tempfile.TemporaryDirectory() as folder:
        return unpack_artifact(RELEASED, Path(folder) / "model").digest


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ops.local.demo.main", "--to", str(folder), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), MARK: str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes_of(folder: Path) -> Iterator[int]:
    """Yield the id of every process that inherited the mark of the demo started for `folder`."""
    mark = f"{MARK}={folder}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            is_marked = mark in (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # it has ended in the meantime
            continue
        if is_marked:
            yield int(entry.name)


def test_every_streamed_complaint_is_in_the_log_exactly_once_under_the_released_model(
    tmp_path: Path,
) -> None:
    demo = start(tmp_path, "--count", str(STREAMED), "--json")

    stdout, stderr = demo.communicate(timeout=DEADLINE_SECONDS)

    assert demo.returncode == 0, stderr
    summary = json.loads(stdout)
    files = Path(summary["places"]["prediction log"]).rglob("*.csv")
    rows = [row for file in files for row in read_prediction_log(file.read_bytes(), file.name)]
    assert len({row.event_id for row in rows}) == STREAMED
    assert len({row.complaint_id for row in rows}) == STREAMED
    assert {row.model_digest for row in rows} == {released_digest()}
    assert summary["decision"]
    assert Path(summary["places"]["artifact"]).read_bytes() == RELEASED.read_bytes()
    assert Path(summary["places"]["artifact"]).is_relative_to(tmp_path)
    assert not list(processes_of(tmp_path))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_no_process(
    artifact: Path, tmp_path: Path, number: signal.Signals
) -> None:
    demo = start(tmp_path, "--artifact", str(artifact), "--count", "100000")
    assert demo.stderr is not None
    while line := demo.stderr.readline():
        if line.startswith("ok  Serve it"):
            break

    demo.send_signal(number)
    demo.communicate(timeout=DEADLINE_SECONDS)

    assert demo.returncode == 130
    assert not list(processes_of(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--complaints", "{tmp}/nowhere.csv"], "nowhere.csv"),
        (["--complaints", "{tmp}/empty.csv"], "empty.csv is empty"),
        (["--complaints", "{tmp}/wrong.csv"], "no column 'narrative'"),
        (["--artifact", "{tmp}/wrong.csv"], "wrong.csv"),
        (["--artifact", "{tmp}/wrong.csv", "--train"], "choose either"),
        (["--train-on", "{tmp}/wrong.csv"], "narrative"),
    ],
)
def test_bad_input_stops_the_demo_with_one_sentence(
    tmp_path: Path, arguments: list[str], named: str
) -> None:
    (tmp_path / "empty.csv").touch()
    (tmp_path / "wrong.csv").write_text("text,label\nhello,credit_card\n")
    demo = start(tmp_path / "runs", *(word.format(tmp=tmp_path) for word in arguments))

    _, stderr = demo.communicate(timeout=DEADLINE_SECONDS)

    assert demo.returncode == 2
    errors = [line for line in stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert named in errors[0]
    assert "Traceback" not in stderr
