from datetime import timedelta

import pytest

from libs.registry.errors import BrokenLedgerError
from libs.registry.ledger import LEDGER_HEAD_KEY, ledger_key
from services.retraining_agent.errors import ConflictError
from services.retraining_agent.ledger_store import LedgerStore, Record
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.store import Condition
from services.retraining_agent.testing.traffic import START


def record(action_id: str) -> Record:
    return Record(action_id, "do_nothing", "calm", {}, "policy", START + timedelta(days=1))


class ContendedStore(MemoryStore):
    """Lets somebody else append just before our own first write."""

    def __init__(self) -> None:
        super().__init__()
        self.is_contended = True

    def write(self, key: str, content: bytes, condition: Condition = None) -> str:
        if self.is_contended:
            self.is_contended = False
            LedgerStore(self).append(record("theirs"))
        return super().write(key, content, condition)


def test_entries_are_chained_and_verified() -> None:
    ledger = LedgerStore(MemoryStore())

    for name in ("one", "two", "three"):
        ledger.append(record(name))

    assert [entry.number for entry in ledger.entries()] == [1, 2, 3]
    assert ledger.verify() == 3


def test_an_action_is_entered_once_however_often_it_is_tried() -> None:
    ledger = LedgerStore(MemoryStore())

    entries = [ledger.append(record(name)) for name in ("one", "two", "one")]

    assert entries[2] == entries[0]
    assert ledger.verify() == 2


def test_two_writers_at_once_both_get_an_entry() -> None:
    store = ContendedStore()

    ours = LedgerStore(store).append(record("ours"))

    assert ours.number == 2
    assert [entry.action_id for entry in LedgerStore(store).entries()] == ["theirs", "ours"]
    assert LedgerStore(store).verify() == 2


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_entry_that_is_gone_is_found_even_the_last(number: int) -> None:
    store = MemoryStore()
    for name in ("one", "two", "three"):
        LedgerStore(store).append(record(name))

    del store.objects[ledger_key(number)]

    with pytest.raises(BrokenLedgerError):
        LedgerStore(store).verify()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_entry_that_was_altered_is_found_even_the_last(number: int) -> None:
    store = MemoryStore()
    for name in ("one", "two", "three"):
        LedgerStore(store).append(record(name))

    key = ledger_key(number)
    store.objects[key] = store.objects[key].replace(b"calm", b"mad!")

    with pytest.raises(BrokenLedgerError):
        LedgerStore(store).verify()


def test_a_crash_between_entry_and_head_is_healed_by_the_next_append() -> None:
    store = MemoryStore()
    LedgerStore(store).append(record("one"))
    head = store.objects[LEDGER_HEAD_KEY]
    LedgerStore(store).append(record("two"))
    store.objects[LEDGER_HEAD_KEY] = head

    LedgerStore(store).append(record("three"))

    assert LedgerStore(store).verify() == 3


def test_endless_contention_is_given_up() -> None:
    class Refusing(MemoryStore):
        def write(self, key: str, content: bytes, condition: Condition = None) -> str:
            raise ConflictError(key)

    with pytest.raises(ConflictError):
        LedgerStore(Refusing()).append(record("one"))
