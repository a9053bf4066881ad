"""Pipelines over the tiny encoder, for tests."""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from services.trainer.config import TrainerConfig
from services.trainer.pipeline import Pipeline, RunContext
from services.trainer.progress import SilentReporter
from services.trainer.tracking import Tracker
from services.trainer.workspace import Workspace


def tiny_pipeline(
    work: Path,
    config: TrainerConfig,
    is_stop_wanted: Callable[[], bool] = lambda: False,
    tracker: Tracker | None = None,
) -> Pipeline:
    """Return a pipeline that is silent, at a fixed time."""
    return Pipeline(
        RunContext(
            workspace=Workspace(work),
            config=config,
            reporter=SilentReporter(),
            now=lambda: datetime(2026, 1, 2, tzinfo=UTC),
            code_revision="test",
            is_stop_wanted=is_stop_wanted,
            tracker=tracker,
        )
    )


class AfterSteps:
    """Wants training to stop after so many steps; asked once a step."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def __call__(self) -> bool:
        self._left -= 1
        return self._left <= 0


class DiesAfterSteps(AfterSteps):
    """Kills its own process after so many steps, as a lost machine would."""

    def __call__(self) -> bool:
        if super().__call__():
            os.kill(os.getpid(), signal.SIGKILL)
        return False
