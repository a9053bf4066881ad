from datetime import datetime, timedelta

import pytest

from services.retraining_agent.lease import LEASE_TIME, Lease, LeaseHeldError
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.testing.traffic import START


class Clock:
    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time


def test_a_lease_is_held_by_one_at_a_time() -> None:
    store, clock = MemoryStore(), Clock()
    Lease(store, "one", clock).acquire()

    with pytest.raises(LeaseHeldError, match="one"):
        Lease(store, "two", clock).acquire()


def test_a_lease_given_back_is_free() -> None:
    store, clock = MemoryStore(), Clock()
    first = Lease(store, "one", clock)
    first.acquire()

    first.release()

    Lease(store, "two", clock).acquire()


def test_a_lease_expires_and_then_its_holder_has_lost_it() -> None:
    store, clock = MemoryStore(), Clock()
    first = Lease(store, "one", clock)
    first.acquire()
    clock.time += LEASE_TIME + timedelta(seconds=1)

    Lease(store, "two", clock).acquire()

    with pytest.raises(LeaseHeldError):
        first.renew()


def test_renewing_keeps_it() -> None:
    store, clock = MemoryStore(), Clock()
    first = Lease(store, "one", clock)
    first.acquire()
    clock.time += LEASE_TIME - timedelta(seconds=1)
    first.renew()
    clock.time += timedelta(minutes=1)

    with pytest.raises(LeaseHeldError):
        Lease(store, "two", clock).acquire()
