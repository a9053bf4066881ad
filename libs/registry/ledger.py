"""The ledger of decisions: append-only, each entry with the hash of the one before (contract 8)."""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from libs.artifact.files import Sha256
from libs.events.complaint import Timestamp
from libs.registry.errors import BrokenLedgerError, InvalidRegistryDocumentError

LEDGER_PREFIX = "registry/ledger/"
LEDGER_HEAD_KEY = "registry/ledger_head.json"
FIRST_PREVIOUS_HASH = "0" * 64


class ChampionRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The model that is champion from an entry on."""

    version: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    model_digest: Sha256


class LedgerEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was decided, on which evidence, by whom or what, and when."""

    number: Annotated[int, msgspec.Meta(ge=1)]
    action_id: Annotated[str, msgspec.Meta(min_length=1)]
    """Names what was done; an action that is tried again is never entered twice."""
    decision: Annotated[str, msgspec.Meta(min_length=1)]
    reason: str
    evidence: dict[str, Any]
    """Plain JSON: the facts the decision rests on, or the keys and digests of larger ones."""
    decided_by: Annotated[str, msgspec.Meta(min_length=1)]
    decided_at: Timestamp
    champion: ChampionRef | None = None
    """Set exactly where the champion changes."""
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


class LedgerHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The last entry known, kept apart from the chain: it shows an end that was cut off or altered.

    It may lag behind after a crash, never run ahead.
    """

    number: Annotated[int, msgspec.Meta(ge=1)]
    hash: Sha256

    def to_json(self) -> bytes:
        return msgspec.json.encode(self)


def ledger_key(number: int) -> str:
    """Return the S3 key of an entry; padded, so that keys sort as numbers do."""
    return f"{LEDGER_PREFIX}{number:08d}.json"


def read_ledger_entry(content: bytes) -> LedgerEntry:
    """Decode one entry; raises InvalidRegistryDocumentError."""
    try:
        return msgspec.json.decode(content, type=LedgerEntry)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRegistryDocumentError(f"ledger entry: {error}") from error


def read_ledger_head(content: bytes) -> LedgerHead:
    """Decode the ledger's head; raises InvalidRegistryDocumentError."""
    try:
        return msgspec.json.decode(content, type=LedgerHead)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidRegistryDocumentError(f"{LEDGER_HEAD_KEY}: {error}") from error


def verify_ledger(entries: Iterable[LedgerEntry], head: LedgerHead | None = None) -> int:
    """Check numbers and hashes of the whole ledger, in order, and return how many entries it has.

    Raises BrokenLedgerError for the first entry that does not follow from the one before, or for
    an end that is not the one that `head` names.
    """
    previous_hash, count = FIRST_PREVIOUS_HASH, 0
    for count, entry in enumerate(entries, start=1):
        if entry.number != count:
            raise BrokenLedgerError(count, f"is missing: entry {entry.number} stands in its place")
        if entry.previous_hash != previous_hash:
            raise BrokenLedgerError(count, "does not carry the hash of the entry before")
        previous_hash = entry.hash
        if head is not None and head.number == count and head.hash != previous_hash:
            raise BrokenLedgerError(count, "does not have the hash that the ledger's head names")
    if head is not None and head.number > count:
        raise BrokenLedgerError(count + 1, f"is missing: the ledger's head names {head.number}")
    return count
