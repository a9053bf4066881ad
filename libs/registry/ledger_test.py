from datetime import UTC, datetime

import msgspec
import pytest

from libs.registry.errors import BrokenLedgerError, InvalidRegistryDocumentError
from libs.registry.ledger import (
    FIRST_PREVIOUS_HASH,
    LedgerEntry,
    LedgerHead,
    read_ledger_entry,
    verify_ledger,
)


def ledger(length: int) -> list[LedgerEntry]:
    entries: list[LedgerEntry] = []
    for number in range(1, length + 1):
        entry = LedgerEntry(
            number=number,
            action_id=f"run-{number}",
            decision="do_nothing",
            reason="too few reviews",
            evidence={"reviews": number, "psi": {"length": 0.02}},
            decided_by="policy",
            decided_at=datetime(2026, 1, number, tzinfo=UTC),
            previous_hash=entries[-1].hash if entries else FIRST_PREVIOUS_HASH,
        )
        entries.append(entry)
    return entries


def test_an_entry_survives_a_round_trip_with_its_hash() -> None:
    entry = ledger(1)[0]

    restored = read_ledger_entry(entry.to_json())

    assert restored == entry
    assert restored.hash == entry.hash


def test_an_honest_ledger_verifies() -> None:
    assert verify_ledger(ledger(3)) == 3


def test_an_altered_entry_is_found_by_the_one_after_it() -> None:
    entries = ledger(3)
    entries[1] = msgspec.structs.replace(entries[1], reason="because I say so")

    with pytest.raises(BrokenLedgerError, match="entry 3.*hash"):
        verify_ledger(entries)


def test_a_missing_entry_is_found() -> None:
    entries = ledger(3)

    with pytest.raises(BrokenLedgerError, match="entry 2: is missing"):
        verify_ledger([entries[0], entries[2]])


def test_a_malformed_entry_is_refused() -> None:
    with pytest.raises(InvalidRegistryDocumentError, match="number"):
        read_ledger_entry(b'{"number":0}')


def test_keys_sort_as_numbers_do() -> None:
    keys = [entry.key for entry in ledger(11)]

    assert keys == sorted(keys)


def test_an_end_that_was_cut_off_is_found_by_the_head() -> None:
    entries = ledger(3)
    head = LedgerHead(number=3, hash=entries[2].hash)

    with pytest.raises(BrokenLedgerError, match="entry 3: is missing"):
        verify_ledger(entries[:2], head)


def test_an_altered_last_entry_is_found_by_the_head() -> None:
    entries = ledger(2)
    head = LedgerHead(number=2, hash=entries[1].hash)
    entries[1] = msgspec.structs.replace(entries[1], reason="because I say so")

    with pytest.raises(BrokenLedgerError, match="entry 2.*head"):
        verify_ledger(entries, head)


def test_a_head_that_lags_behind_is_no_fault() -> None:
    entries = ledger(3)

    assert verify_ledger(entries, LedgerHead(number=2, hash=entries[1].hash)) == 3
