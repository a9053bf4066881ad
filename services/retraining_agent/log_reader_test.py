from datetime import date, timedelta

import msgspec

from services.retraining_agent.log_reader import LogQuality, read_log
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.testing.traffic import logged_row, store_log


def test_a_row_logged_twice_is_read_once() -> None:
    store, quality = MemoryStore(), LogQuality()
    store_log(store, [logged_row(0), logged_row(1), logged_row(2)])
    store_log(store, [logged_row(1), logged_row(2), logged_row(3)])

    rows = list(read_log(store, date(2026, 1, 1), quality))

    assert [row.complaint_id for row in rows] == ["c0", "c1", "c2", "c3"]
    assert (quality.rows, quality.repeated_rows) == (4, 2)


def test_days_before_are_not_read() -> None:
    store = MemoryStore()
    store_log(store, [logged_row(0)])
    store_log(store, [logged_row(24 * 60)])

    rows = list(read_log(store, date(2026, 1, 11), LogQuality()))

    assert [row.complaint_id for row in rows] == ["c1440"]


def test_a_corrupt_object_is_counted_and_its_readable_head_is_used() -> None:
    store, quality = MemoryStore(), LogQuality()
    key = store_log(store, [logged_row(0), logged_row(1)])
    store.objects[key] += b"not,a,row\r\n"

    rows = list(read_log(store, date(2026, 1, 1), quality))

    assert len(rows) == 2
    assert quality.corrupt_objects == [key]


def test_of_a_row_logged_twice_the_earliest_decision_is_read_whatever_is_listed_first() -> None:
    store = MemoryStore()
    early, late = logged_row(2, label="mortgages_and_loans"), logged_row(2)
    late = msgspec.structs.replace(late, timestamp=late.timestamp + timedelta(minutes=5))
    store_log(store, [logged_row(1), late])
    store_log(store, [early, logged_row(3)])

    rows = list(read_log(store, date(2026, 1, 1), LogQuality()))

    assert [row.complaint_id for row in rows] == ["c1", "c2", "c3"]
    assert rows[1] == early
