"""Answers to narratives that were seen before, letter for letter. Holds digests, never a text."""

from collections import OrderedDict
from hashlib import blake2b
from typing import Protocol

from services.serving.classifier import Answer


class CacheObserver(Protocol):
    """Hears how lookups end: `hit` or `miss`."""

    def looked_up(self, outcome: str) -> None: ...


class AnswerCache:
    """The last `entries` answers. One artifact answers alike each time, so nothing ever expires.

    For one thread, the event loop's.
    """

    def __init__(self, entries: int, observer: CacheObserver) -> None:
        self._entries = entries
        self._observer = observer
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()

    def get(self, narrative: str) -> Answer | None:
        if not self._entries:
            return None
        key = _digest(narrative)
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        self._observer.looked_up("miss" if answer is None else "hit")
        return answer

    def put(self, narrative: str, answer: Answer) -> None:
        if not self._entries:
            return
        self._answers[_digest(narrative)] = answer
        if len(self._answers) > self._entries:
            self._answers.popitem(last=False)


def _digest(narrative: str) -> bytes:
    return blake2b(narrative.encode("utf-8", "surrogatepass"), digest_size=16).digest()
