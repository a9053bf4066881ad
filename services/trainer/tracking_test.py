from pathlib import Path

import pytest

from services.trainer.errors import InterruptedTrainingError, TrainingError, UnreachableError
from services.trainer.testing.memory_tracker import MemoryTracker
from services.trainer.tracking import Tracker, tracked_run

PARAMETERS = {"fit.epochs": 3}


def track(
    tracker: Tracker | None, directory: Path, said: list[str], error: Exception | None = None
) -> None:
    with tracked_run(tracker, directory, PARAMETERS, said.append) as log:
        log({"loss": 0.5}, 10)
        if error is not None:
            raise error
        log({"loss": 0.4}, 20)


def test_a_run_has_its_parameters_figures_and_end(tmp_path: Path) -> None:
    tracker = MemoryTracker()

    track(tracker, tmp_path, [])

    assert tracker.parameters == [PARAMETERS]
    assert tracker.figures == [("run-1", 10, {"loss": 0.5}), ("run-1", 20, {"loss": 0.4})]
    assert tracker.ends == [("run-1", "FINISHED")]


def test_a_fit_that_goes_on_goes_on_in_the_same_run(tmp_path: Path) -> None:
    tracker = MemoryTracker()
    with pytest.raises(InterruptedTrainingError):
        track(tracker, tmp_path, [], InterruptedTrainingError())

    track(tracker, tmp_path, [])

    assert tracker.ends == [("run-1", "KILLED"), ("run-1", "FINISHED")]


def test_a_fit_that_cannot_go_on_has_failed(tmp_path: Path) -> None:
    tracker = MemoryTracker()

    with pytest.raises(TrainingError):
        track(tracker, tmp_path, [], TrainingError("nan"))

    assert tracker.ends == [("run-1", "FAILED")]


def test_a_tracker_that_stops_answering_is_said_once_and_stops_nothing(tmp_path: Path) -> None:
    said: list[str] = []

    track(MemoryTracker(answers=1), tmp_path, said)

    assert said == ["  the rest of this run is not tracked: the tracker does not answer"]


def test_a_tracker_that_never_answers_stops_the_run_before_it_trains(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError):
        track(MemoryTracker(answers=0), tmp_path, [])


def test_without_a_tracker_nothing_is_kept(tmp_path: Path) -> None:
    track(None, tmp_path, [])

    assert list(tmp_path.iterdir()) == []
