"""The demo with --retrain: the real trainer and exporter, a real swap, and no process left behind.
Needs minutes: two trainings of a small model."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.events.prediction_log import read_prediction_log
from libs.registry.ledger import read_ledger_entry

DEADLINE_SECONDS = 1800
MARK = "COMPLAINTS_RETRAINING_TEST"


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ops.local.demo.main", "--to", str(folder), "--retrain", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), MARK: str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes_of(folder: Path) -> Iterator[list[str]]:
    """Yield the command line of every process that the demo of `folder` started, or it itself."""
    mark = f"{MARK}={folder}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            is_marked = mark in (entry / "environ").read_bytes().split(b"\0")
            command = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:  # it has ended in the meantime
            continue
        if is_marked:
            yield command


def wait_for_the_agents_trainer(folder: Path) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        for command in processes_of(folder):
            is_trainer = "services.trainer.main" in command
            if is_trainer and any("retraining" in word for word in command):
                return
    raise TimeoutError("the agent started no trainer")


def test_a_candidate_is_trained_proven_promoted_and_answers(tmp_path: Path) -> None:
    demo = start(tmp_path, "--count", "120", "--json")

    stdout, stderr = demo.communicate(timeout=DEADLINE_SECONDS)

    assert demo.returncode == 0, stderr
    summary = json.loads(stdout)
    retraining, bucket = summary["retraining"], Path(summary["places"]["ledger"]).parents[1]
    assert retraining["is_promoted"], retraining["verdict"]
    assert list(retraining["answered_by"]) == [retraining["champion_digest"]]
    files = (bucket / "predictions").rglob("*.csv")
    rows = [row for file in files for row in read_prediction_log(file.read_bytes(), file.name)]
    assert len({row.model_digest for row in rows}) == 2
    entries = sorted((bucket / "registry" / "ledger").glob("[0-9]*.json"))
    decisions = [read_ledger_entry(entry.read_bytes()).decision for entry in entries]
    assert decisions == ["register", "retrain", "promote"]
    assert not list(processes_of(tmp_path))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_ended_while_its_agent_trains_leaves_no_process(
    tmp_path: Path, number: signal.Signals
) -> None:
    demo = start(tmp_path, "--count", "120")
    wait_for_the_agents_trainer(tmp_path)

    demo.send_signal(number)
    demo.communicate(timeout=DEADLINE_SECONDS)

    wait_until_gone(tmp_path)
    assert not list(processes_of(tmp_path))


def wait_until_gone(folder: Path) -> None:
    """Give the guardian of a killed demo its few seconds."""
    deadline = time.monotonic() + 30
    while list(processes_of(folder)) and time.monotonic() < deadline:
        pass
