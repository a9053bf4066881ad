"""A store that dies: at one chosen operation, before or after it takes effect, and for good."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.store import Condition, StoredObject

Result = TypeVar("Result")


class KilledError(BaseException):
    """Stands for kill -9: nothing in the product may catch it."""


class DyingStore:
    """Counts operations; from operation `dies_at` on nothing works any more."""

    def __init__(self, store: MemoryStore, dies_at: int | None, after_effect: bool) -> None:
        self._store = store
        self._dies_at = dies_at
        self._after_effect = after_effect
        self.operations = 0
        self.writes: list[int] = []
        """Which of the operations so far were writes."""

    def read(self, key: str) -> StoredObject | None:
        return self._do(lambda: self._store.read(key))

    def write(self, key: str, content: bytes, condition: Condition = None) -> str:
        self.writes.append(self.operations + 1)
        return self._do(lambda: self._store.write(key, content, condition))

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        return self._do(lambda: self._store.keys(prefix, after))

    def _do(self, operation: Callable[[], Result]) -> Result:
        self.operations += 1
        if self._dies_at is None or self.operations < self._dies_at:
            return operation()
        if self.operations == self._dies_at and self._after_effect:
            operation()
        raise KilledError
