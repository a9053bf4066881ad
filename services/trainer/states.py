"""Resumable training states: whole ones are marked, half-written ones are swept away."""

import shutil
from pathlib import Path

COMPLETE = "complete"
PREFIX = "checkpoint-"


def mark_complete(state: Path) -> None:
    """Say that everything in the state folder has been written."""
    (state / COMPLETE).touch()


def latest_state(directory: Path) -> Path | None:
    """Return the latest whole state, and remove those cut off while being written."""
    states = sorted(directory.glob(f"{PREFIX}*"), key=state_step)
    for state in states:
        if not (state / COMPLETE).exists():
            shutil.rmtree(state)
    whole = [state for state in states if state.exists()]
    return whole[-1] if whole else None


def keep_latest(directory: Path, count: int) -> None:
    """Remove all but the latest `count` states."""
    for state in sorted(directory.glob(f"{PREFIX}*"), key=state_step)[:-count]:
        shutil.rmtree(state)


def state_step(state: Path) -> int:
    """Return the step after which a state was saved."""
    return int(state.name.removeprefix(PREFIX))
