"""Runs in MLflow, by its client alone. Imported only when an address is set: it takes seconds."""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from libs.artifact.manifest import Scalar
from services.trainer.errors import UnreachableError
from services.trainer.tracking import RunEnd


class MlflowTracker:
    """A Tracker over one tracking address, with one experiment for all runs."""

    def __init__(self, uri: str, experiment: str) -> None:
        self._uri = uri
        self._experiment = experiment
        with self._faults_named():
            self._client = MlflowClient(tracking_uri=uri)

    def start(self, known_run: str, parameters: Mapping[str, Scalar]) -> str:
        with self._faults_named():
            if known_run:
                self._client.update_run(known_run, status="RUNNING")
                return known_run
            run: str = self._client.create_run(self._experiment_id()).info.run_id
            params = [Param(name, str(value)) for name, value in parameters.items()]
            self._client.log_batch(run, params=params)
            return run

    def log(self, run: str, figures: Mapping[str, float], step: int) -> None:
        now_milliseconds = round(time.time() * 1000)
        metrics = [
            Metric(name, value, now_milliseconds, step)
            for name, value in figures.items()
            if math.isfinite(value)
        ]
        with self._faults_named():
            self._client.log_batch(run, metrics=metrics)

    def end(self, run: str, how: RunEnd) -> None:
        with self._faults_named():
            self._client.set_terminated(run, how)

    def _experiment_id(self) -> str:
        known = self._client.get_experiment_by_name(self._experiment)
        found: str = (
            known.experiment_id if known else self._client.create_experiment(self._experiment)
        )
        return found

    @contextmanager
    def _faults_named(self) -> Iterator[None]:
        try:
            yield
        except (MlflowException, OSError) as error:
            reason = str(error).splitlines()[0]
            raise UnreachableError(f"MLflow at {self._uri} does not answer: {reason}") from error
