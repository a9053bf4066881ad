"""One worker's service: loads the model off the event loop, keeps its health, drains at the end."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass

from libs.artifact.errors import ArtifactError
from libs.heads.errors import HeadsError
from libs.labels.errors import LabelsError
from libs.text.errors import TextError
from services.serving.cache import AnswerCache
from services.serving.classifier import Answer, Classifier
from services.serving.errors import InferenceError, NotReadyError, ServingError, StartError
from services.serving.health import Health, State
from services.serving.metrics import ServingMetrics
from services.serving.predict import Patience, Predictor
from services.serving.scheduler import Limits, Scheduler

logger = logging.getLogger(__name__)

LoadErrors = (ServingError, ArtifactError, LabelsError, TextError, HeadsError)

_RETEST_SECONDS = 1.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Capacity:
    """What this worker takes on."""

    lanes: int
    queue_items: int
    items_per_run: int
    patience: Patience
    cache_entries: int = 0


@dataclass(frozen=True)
class LoadedModel:
    """What exists once the model has answered its self-test."""

    classifier: Classifier
    scheduler: Scheduler[str, Answer]
    predictor: Predictor


class Service:
    """Owns the health of one worker; `load` is called off the event loop and may take seconds."""

    def __init__(
        self, load: Callable[[], Classifier], capacity: Capacity, metrics: ServingMetrics
    ) -> None:
        self._load = load
        self._capacity = capacity
        self._background: set[asyncio.Task[None]] = set()
        self._model: LoadedModel | None = None
        self.metrics = metrics
        self.health = Health()
        self.in_flight = 0
        self.load_error: Exception | None = None
        self.is_replacement = False
        """Of a worker that died: nobody is let in before the model has loaded."""

    async def start(self) -> None:
        """Load and self-test; afterwards the service is ready, or `load_error` says why not."""
        try:
            self._model = await asyncio.to_thread(self._load_model)
        except Exception as error:  # the runtime raises its own classes, none of them public
            self.load_error = error if isinstance(error, LoadErrors) else _fails_self_test(error)
            self.health.failed()
            return
        self.metrics.serves(self._model.classifier.identity)
        self.health.passed_self_test()
        identity = self._model.classifier.identity
        logger.info(
            "ready",
            extra={
                "model_name": identity.name,
                "model_version": identity.version,
                "model_digest": identity.digest,
                "uses_wide_session": self._model.classifier.pool.uses_wide,
            },
        )

    @property
    def model(self) -> LoadedModel:
        """The loaded model; raises NotReadyError."""
        if self._model is None:
            raise NotReadyError(self.health.state.value, "the model is not loaded")
        return self._model

    def report_failure(self, error: InferenceError) -> None:
        """Stop being ready until the self-test passes again."""
        logger.error("inference failed", extra={"error_type": str(error)})
        if self.health.state is State.READY:
            self.health.failed()
            self._spawn(self._retest_until_ready())

    async def drain(self, linger_seconds: float, limit_seconds: float) -> None:
        """Refuse what is new, wait for what is accepted, give up on it at the limit.

        Lingers even when idle, so that clients on open connections hear of it.
        """
        loop = asyncio.get_running_loop()
        self.health.drain()
        began_at = loop.time()
        while self.in_flight or loop.time() < began_at + linger_seconds:
            if loop.time() > began_at + limit_seconds:
                self._give_up()
                break
            await asyncio.sleep(_POLL_SECONDS)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load in the background, so that /ping can say so, and stop the lanes at the end."""
        loading = self._spawn(self.start())
        if self.is_replacement:
            await loading
        yield
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        if self._model is not None:
            await asyncio.to_thread(self._model.scheduler.close)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    def _load_model(self) -> LoadedModel:
        classifier = self._load()
        seconds_per_item = classifier.self_test()
        scheduler: Scheduler[str, Answer] = Scheduler(
            classifier.classify,
            Limits(
                lanes=self._capacity.lanes,
                queue_items=self._capacity.queue_items,
                items_per_run=self._capacity.items_per_run,
                seconds_per_item=seconds_per_item,
            ),
            on_wait=self.metrics.waited,
        )
        cache = AnswerCache(self._capacity.cache_entries, self.metrics)
        predictor = Predictor(scheduler, self._capacity.patience, cache)
        # What is loaded stays: looking through it again and again would hold up every request.
        gc.collect()
        gc.freeze()
        return LoadedModel(classifier, scheduler, predictor)

    def _give_up(self) -> None:
        if self._model is not None:
            self._model.predictor.give_up(
                NotReadyError(State.DRAINING.value, "this instance is shutting down")
            )

    async def _retest_until_ready(self) -> None:
        while self.health.state is State.BROKEN:
            try:
                await asyncio.to_thread(self.model.classifier.self_test)
                self.health.passed_self_test()
            except Exception as error:  # whatever keeps failing keeps us broken
                logger.error("self-test failed", extra={"error_type": type(error).__name__})
                await asyncio.sleep(_RETEST_SECONDS)


def _fails_self_test(error: Exception) -> StartError:
    failure = StartError(f"the model does not pass its self-test: {type(error).__name__}")
    failure.__cause__ = error
    return failure
