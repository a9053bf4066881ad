"""The ledger of decisions: append-only, each entry with the hash of the one before (contract 8)."""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from libs.events.complaint import Timestamp
from libs.registry.errors import BrokenLedgerError, InvalidRegistryDocumentError

LEDGER_PREFIX = "registry/ledger/"
FIRST_PREVIOUS_HASH = "0" * 64


class LedgerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was decided, on which evidence, by whom or what, and when."""

    number: Annotated[int, msgspec.Meta(ge=1)]
    decision: Annotated[str, msgspec.Meta(min_length=1)]
    reason: str
    evidence: dict[str, Any]
    """Plain JSON: the facts the decision rests on, or the keys and digests of larger ones."""
    decided_by: Annotated[str, msgspec.Meta(min_length=1)]
    decided_at: Timestamp
    previous_hash: str

    def to_json(self) -> bytes:
        """Return the canonical JSON, over which `hash` is taken."""
        return msgspec.json.encode(self, order="deterministic")

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.to_json()).hexdigest()

    @property
    def key(self) -> str:
        return ledger_key(self.number)


def ledger_key(number: int) -> str:
    """Return the S3 key of an entry; padded, so that keys sort as numbers do."""
    return f"{LEDGER_PREFIX}{number:08d}.json"


def read_ledger_entry(content: bytes) -> LedgerEntry:
    """Decode one entry; raises InvalidRegistryDocumentError."""
    try:
        return msgspec.json.decode(content, type=LedgerEntry)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRegistryDocumentError(f"ledger entry: {error}") from error


def verify_ledger(entries: Iterable[LedgerEntry]) -> int:
    """Check numbers and hashes of the whole ledger, in order, and return how many entries it has.

    Raises BrokenLedgerError for the first entry that does not follow from the one before.
    """
    previous_hash, count = FIRST_PREVIOUS_HASH, 0
    for count, entry in enumerate(entries, start=1):
        if entry.number != count:
            raise BrokenLedgerError(count, f"is missing: entry {entry.number} stands in its place")
        if entry.previous_hash != previous_hash:
            raise BrokenLedgerError(count, "does not carry the hash of the entry before")
        previous_hash = entry.hash
    return count
