"""The ledger in the object store: appended once per action, whoever else appends."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.registry.errors import RegistryError
from libs.registry.ledger import (
    FIRST_PREVIOUS_HASH,
    LEDGER_HEAD_KEY,
    LEDGER_PREFIX,
    ChampionRef,
    LedgerEntry,
    LedgerHead,
    ledger_key,
    read_ledger_entry,
    read_ledger_head,
    verify_ledger,
)
from services.retraining_agent.errors import BadInputError, ConflictError
from services.retraining_agent.read_ahead import read_objects
from services.retraining_agent.store import ABSENT, Match, ObjectStore

_TRIES = 20
_RECENT = 100  # an action is tried again soon or never


@dataclass(frozen=True)
class Record:
    """What shall stand in the ledger; the number and the chain are the ledger's own."""

    action_id: str
    decision: str
    reason: str
    evidence: dict[str, Any]
    decided_by: str
    decided_at: datetime
    champion: ChampionRef | None = None


class LedgerStore:
    """Reads and appends ledger entries."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def entries(self, after: str = "") -> Iterator[LedgerEntry]:
        """Yield the entries after the key `after`, in order; raises BadInputError for one that
        cannot be read."""
        for key, content in read_objects(self._store, self._store.keys(LEDGER_PREFIX, after)):
            try:
                yield read_ledger_entry(content)
            except RegistryError as error:
                raise BadInputError(f"{key}: {error}") from error

    def append(self, record: Record) -> LedgerEntry:
        """Append the record, or return the entry that records the same action already."""
        for _ in range(_TRIES):
            last: LedgerEntry | None = None
            for entry in self.last(_RECENT):
                if entry.action_id == record.action_id:
                    return entry
                last = entry
            entry = _following(last, record)
            try:
                self._store.write(entry.key, entry.to_json(), ABSENT)
            except ConflictError:
                continue
            self._move_head(entry)
            return entry
        raise ConflictError(LEDGER_PREFIX)

    def verify(self) -> int:
        """Check the whole chain and return its length; raises BrokenLedgerError."""
        return verify_ledger(self.entries(), self._head()[0])

    def last(self, count: int) -> Iterator[LedgerEntry]:
        """Yield at least the last `count` entries, in order."""
        head, _ = self._head()
        first = 0 if head is None else max(0, head.number - count)
        return self.entries(ledger_key(first))

    def _head(self) -> tuple[LedgerHead | None, Match | None]:
        stored = self._store.read(LEDGER_HEAD_KEY)
        if stored is None:
            return None, None
        return read_ledger_head(stored.content), Match(stored.etag)

    def _move_head(self, entry: LedgerEntry) -> None:
        """Let the head name `entry`, unless somebody has moved it further."""
        head, match = self._head()
        if head is not None and head.number >= entry.number:
            return
        content = LedgerHead(number=entry.number, hash=entry.hash).to_json()
        try:
            self._store.write(LEDGER_HEAD_KEY, content, match or ABSENT)
        except ConflictError:
            return  # a later append moved it, and moves it past this entry


def _following(last: LedgerEntry | None, record: Record) -> LedgerEntry:
    return LedgerEntry(
        number=1 if last is None else last.number + 1,
        action_id=record.action_id,
        decision=record.decision,
        reason=record.reason,
        evidence=record.evidence,
        decided_by=record.decided_by,
        decided_at=record.decided_at,
        champion=record.champion,
        previous_hash=FIRST_PREVIOUS_HASH if last is None else last.hash,
    )
