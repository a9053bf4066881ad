"""A pipeline joined to console, clock, tracker and signals."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from rich.console import Console

from services.trainer.config import TrainerConfig
from services.trainer.settings import Settings

if TYPE_CHECKING:
    from services.trainer.pipeline import Pipeline
    from services.trainer.tracking import Tracker


@contextmanager
def open_pipeline(work: Path, config: TrainerConfig, settings: Settings) -> "Iterator[Pipeline]":
    """Give a pipeline that SIGTERM stops at the next saved step."""
    # Imported here because torch takes seconds, and --help and a wrong option need none of it.
    from services.trainer.pipeline import Pipeline, RunContext
    from services.trainer.progress import ConsoleReporter
    from services.trainer.workspace import Workspace

    stop = Event()
    before = signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    try:
        yield Pipeline(
            RunContext(
                workspace=Workspace(work),
                config=config,
                reporter=ConsoleReporter(Console(stderr=True)),
                now=lambda: datetime.now(UTC),
                code_revision=settings.code_revision,
                is_stop_wanted=stop.is_set,
                tracker=_tracker(settings),
            )
        )
    finally:
        signal.signal(signal.SIGTERM, before)


def _tracker(settings: Settings) -> "Tracker | None":
    if not settings.mlflow_tracking_uri:
        return None
    # MLflow reports its use to its makers unless told not to.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    from services.trainer.mlflow_tracker import MlflowTracker

    return MlflowTracker(settings.mlflow_tracking_uri, settings.mlflow_experiment_name)
