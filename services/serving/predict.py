"""The one use case behind every route: narratives in, an answer for each, in order."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from libs.events.invocations import ItemError
from services.serving.cache import AnswerCache
from services.serving.classifier import Answer
from services.serving.errors import OverloadedError, RequestError
from services.serving.formats.call import BadItem, Narrative
from services.serving.scheduler import Scheduler

Answers = Sequence[Answer]


@dataclass(frozen=True)
class Patience:
    """How long a request may take, by what it is."""

    single_seconds: float
    batch_seconds: float

    def for_items(self, count: int) -> float:
        return self.single_seconds if count == 1 else self.batch_seconds


class Predictor:
    """Sends narratives through the scheduler and waits for them on the event loop."""

    def __init__(
        self, scheduler: Scheduler[str, Answer], patience: Patience, cache: AnswerCache
    ) -> None:
        self._scheduler = scheduler
        self._patience = patience
        self._cache = cache
        self._waiting: set[asyncio.Future[Answers]] = set()

    async def predict(self, items: Sequence[Narrative | BadItem]) -> list[Answer]:
        """Answer each item; raises OverloadedError, RequestTooLargeError or InferenceError.

        Cancelled, it takes what is not yet computed out of the queue.
        """
        known = [self._known_answer(item) for item in items]
        texts = [
            item.text
            for item, answer in zip(items, known, strict=True)
            if answer is None and isinstance(item, Narrative)
        ]
        computed = await self._compute(texts) if texts else ()
        for text, answer in zip(texts, computed, strict=True):
            self._cache.put(text, answer)
        fresh = iter(computed)
        return [
            _with_id(answer if answer is not None else next(fresh), item.id)
            for item, answer in zip(items, known, strict=True)
        ]

    def give_up(self, error: RequestError) -> None:
        """Answer everything that still waits with `error`."""
        for future in self._waiting:
            _settle(future, error)

    def _known_answer(self, item: Narrative | BadItem) -> Answer | None:
        return ItemError(item.error) if isinstance(item, BadItem) else self._cache.get(item.text)

    async def _compute(self, texts: Sequence[str]) -> Answers:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answers] = loop.create_future()
        patience_seconds = self._patience.for_items(len(texts))
        job = self._scheduler.submit(
            texts, patience_seconds, partial(_settle_from_lane, loop, future)
        )
        late = OverloadedError("deadline", "no answer was ready in time", 1.0)
        timer = loop.call_later(patience_seconds, _settle, future, late)
        self._waiting.add(future)
        try:
            return await future
        finally:
            timer.cancel()
            self._waiting.discard(future)
            self._scheduler.abandon(job)


def _with_id(answer: Answer, item_id: str | None) -> Answer:
    return answer if item_id is None else msgspec.structs.replace(answer, id=item_id)


def _settle_from_lane(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[Answers], result: Answers | Exception
) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(_settle, future, result)


def _settle(future: asyncio.Future[Answers], result: Answers | Exception) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
