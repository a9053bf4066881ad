"""gunicorn's application: what each worker builds after the fork, what the master minds."""

import os
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from services.serving.app import HttpLimits, create_app
from services.serving.body import BodyLimits
from services.serving.classifier import Classifier
from services.serving.describe import ExecutionParameters
from services.serving.log import log_config
from services.serving.metric_files import archive_dead_worker, scrape
from services.serving.metrics import ServingMetrics
from services.serving.pool_spec import PoolSpec
from services.serving.predict import Patience
from services.serving.push import Pusher, PushTarget
from services.serving.service import Capacity, Service
from services.serving.settings import Settings
from services.serving.worker import ServingWorker

BAD_SETUP = 2
_MASTER_MARGIN_SECONDS = 3
_BOOT_ERRORS = (Arbiter.WORKER_BOOT_ERROR, Arbiter.APP_LOAD_ERROR)


@dataclass(frozen=True)
class Workplace:
    """What the master made ready for the workers."""

    listener_fd: int
    model_directory: Path
    metrics_directory: Path


class ServingApplication(BaseApplication):  # type: ignore[misc]
    """Holds the settings; `load` is called in each worker."""

    service: Service

    def __init__(self, settings: Settings, workplace: Workplace) -> None:
        self.settings = settings
        self._workplace = workplace
        self._pusher: Pusher | None = None
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options().items():
            self.cfg.set(name, value)

    def load(self) -> ASGIApp:
        metrics = ServingMetrics(CollectorRegistry())
        load = partial(_load, self._workplace.model_directory, self.settings, metrics)
        self.service = Service(load, _capacity(self.settings), metrics)
        return create_app(
            self.service,
            _http_limits(self.settings),
            partial(scrape, self._workplace.metrics_directory),
        )

    def run(self) -> None:
        """Serve until told to stop, then exit: with `BAD_SETUP` when a worker cannot start."""
        master = os.getpid()
        try:
            super().run()
        except SystemExit as stop:
            if os.getpid() == master and stop.code in _BOOT_ERRORS:
                sys.exit(BAD_SETUP)  # the worker has said why
            raise

    def _options(self) -> dict[str, Any]:
        return {
            "bind": f"fd://{self._workplace.listener_fd}",
            "workers": self.settings.workers,
            "worker_class": ServingWorker,
            "graceful_timeout": int(self.settings.drain_seconds) + _MASTER_MARGIN_SECONDS,
            "timeout": 60,
            "keepalive": 75,
            "control_socket_disable": True,
            "logconfig_dict": log_config(self.settings.log_level),
            "post_worker_init": self._start_pushing,
            "worker_exit": self._stop_pushing,
            "child_exit": self._bury,
        }

    def _start_pushing(self, worker: Any) -> None:
        if self.settings.push_url is not None:
            target = PushTarget(self.settings.push_url, self.settings.push_seconds)
            directory = self._workplace.metrics_directory
            self._pusher = Pusher(target, partial(scrape, directory), directory)
            self._pusher.start()

    def _stop_pushing(self, arbiter: Any, worker: Any) -> None:
        if self._pusher is not None:
            self._pusher.stop()

    def _bury(self, arbiter: Any, worker: Any) -> None:
        archive_dead_worker(self._workplace.metrics_directory, worker.pid)


def _load(directory: Path, settings: Settings, metrics: ServingMetrics) -> Classifier:
    # imported after the fork: the runtime starts a thread when it is imported
    from services.serving.loading import load_classifier

    is_gpu = settings.provider == "cuda"
    spec = PoolSpec(
        cores=settings.cores_per_worker,
        providers=("CUDAExecutionProvider",) if is_gpu else ("CPUExecutionProvider",),
        batch_tokens=settings.batch_tokens if is_gpu else 0,
    )
    return load_classifier(directory, spec, metrics)


def _capacity(settings: Settings) -> Capacity:
    is_gpu = settings.provider == "cuda"
    return Capacity(
        lanes=1 if is_gpu else settings.cores_per_worker,
        queue_items=settings.queue_items,
        items_per_run=64 if is_gpu else 1,
        patience=Patience(settings.deadline_seconds, settings.batch_deadline_seconds),
        cache_entries=settings.cache_entries,
    )


def _http_limits(settings: Settings) -> HttpLimits:
    return HttpLimits(
        body=BodyLimits(settings.max_body_bytes, settings.buffer_bytes, settings.body_seconds),
        max_items=settings.max_items,
        execution=ExecutionParameters(max_concurrent_transforms=2 * settings.cores),
    )
