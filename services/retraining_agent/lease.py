"""One run at a time: a lease in the object store, by conditional write, that expires."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from services.retraining_agent.errors import ConflictError, TransientError
from services.retraining_agent.store import ABSENT, Condition, Match, ObjectStore

LEASE_KEY = "registry/lease.json"
LEASE_TIME = timedelta(minutes=15)
"""Longer than the longest step, the proof; waiting for a job renews it."""


class LeaseHeldError(TransientError):
    """Another run holds the lease, or took it over."""


class LeaseDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Who may run, and until when."""

    owner: str
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]


class Lease:
    """Held from `acquire` to `release`; renewed before every step: a lost one must not act."""

    def __init__(self, store: ObjectStore, owner: str, now: Callable[[], datetime]) -> None:
        self._store = store
        self._owner = owner
        self._now = now
        self._etag = ""

    def acquire(self) -> None:
        """Take the lease when it is free or expired; raises LeaseHeldError."""
        stored = self._store.read(LEASE_KEY)
        condition: Condition = ABSENT
        if stored is not None:
            held = msgspec.json.decode(stored.content, type=LeaseDocument)
            if held.expires_at > self._now() and held.owner != self._owner:
                raise LeaseHeldError(
                    f"another run ({held.owner}) holds the lease until "
                    f"{held.expires_at.isoformat(timespec='seconds')}"
                )
            condition = Match(stored.etag)
        self._write(LEASE_TIME, condition)

    def renew(self) -> None:
        """Extend the lease; raises LeaseHeldError when it was lost."""
        self._write(LEASE_TIME, Match(self._etag))

    def release(self) -> None:
        """Give the lease back, so that the next run need not wait."""
        self._write(timedelta(0), Match(self._etag))

    def _write(self, duration: timedelta, condition: Condition) -> None:
        document = LeaseDocument(owner=self._owner, expires_at=self._now() + duration)
        try:
            self._etag = self._store.write(LEASE_KEY, msgspec.json.encode(document), condition)
        except ConflictError as error:
            raise LeaseHeldError("another run has taken the lease") from error
