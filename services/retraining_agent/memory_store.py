"""The fake of the object store: objects in a dictionary, conditions as S3 keeps them."""

import hashlib
from collections.abc import Iterator

from services.retraining_agent.errors import ConflictError
from services.retraining_agent.store import ABSENT, Condition, Match, StoredObject


class MemoryStore:
    """An ObjectStore that forgets everything at the end of the process."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def read(self, key: str) -> StoredObject | None:
        content = self.objects.get(key)
        return None if content is None else StoredObject(content, _etag(content))

    def write(self, key: str, content: bytes, condition: Condition = None) -> str:
        known = self.objects.get(key)
        if condition == ABSENT and known is not None:
            raise ConflictError(key)
        if isinstance(condition, Match) and (known is None or _etag(known) != condition.etag):
            raise ConflictError(key)
        self.objects[key] = content
        return _etag(content)

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        yield from sorted(key for key in self.objects if key.startswith(prefix) and key > after)


def _etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
