"""The port to the object store: three operations, and the conditions of a write."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

Absent = Literal["absent"]
ABSENT: Absent = "absent"


@dataclass(frozen=True)
class Match:
    """Write only over the object that has this entity tag."""

    etag: str


Condition = Absent | Match | None


@dataclass(frozen=True)
class StoredObject:
    """The content of an object, and the entity tag by which a later write can insist on it."""

    content: bytes
    etag: str


class ObjectStore(Protocol):
    """Objects by key. Every operation may raise TransientError."""

    def read(self, key: str) -> StoredObject | None:
        """Return the object, None when there is none."""

    def write(self, key: str, content: bytes, condition: Condition = None) -> str:
        """Write the object and return its entity tag; raises ConflictError when refused."""

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """Yield, in order, the keys that begin with `prefix` and come after `after`."""
