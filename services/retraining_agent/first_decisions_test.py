from collections.abc import Iterable
from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.events.prediction_log import PredictionRow, first_decisions, prediction_log_key
from services.retraining_agent.first_decisions import FirstDecisions
from services.retraining_agent.testing.traffic import START, logged_row

Batch = tuple[str, int, int, int]
"""Shard, first record, number of records, and the second in which they were decided."""

BATCHES = st.lists(
    st.tuples(
        st.sampled_from(["shardId-000000000000", "shardId-000000000001"]),
        st.integers(1, 60),
        st.integers(1, 30),
        st.integers(0, 9),
    ),
    max_size=12,
)


def decided(shard: str, sequence: int, second: int) -> PredictionRow:
    """Return one row of an event, the same but for the second in which it was decided."""
    return msgspec.structs.replace(
        logged_row(sequence),
        event_id=f"{shard}:{sequence:056}",
        timestamp=START + timedelta(seconds=second),
    )


def objects(batches: Iterable[Batch]) -> dict[str, list[PredictionRow]]:
    """Return the log of the batches, in the order of its keys; of a name the first one stays."""
    log: dict[str, list[PredictionRow]] = {}
    for shard, first, count, second in batches:
        key = prediction_log_key(
            "complaints", shard, f"{first:056}", START + timedelta(minutes=first)
        )
        log.setdefault(key, [decided(shard, first + n, second) for n in range(count)])
    return dict(sorted(log.items()))


def read(log: dict[str, list[PredictionRow]]) -> list[PredictionRow]:
    first = FirstDecisions()
    rows = [row for key, content in log.items() for row in first.add(key, content)]
    return [*rows, *first.rest()]


@settings(deadline=None)
@given(BATCHES)
def test_a_stream_is_read_as_the_whole_log_would_be(batches: list[Batch]) -> None:
    log = objects(batches)

    rows = read(log)

    assert first_decisions(rows) == first_decisions(row for each in log.values() for row in each)
    assert len({row.event_id for row in rows}) == len(rows)


def test_every_repeat_is_counted() -> None:
    first = FirstDecisions()
    log = objects([("s-1", 1, 10, 5), ("s-1", 5, 10, 3), ("s-1", 20, 1, 0)])

    rows = [row for key, content in log.items() for row in first.add(key, content)]
    rows += first.rest()

    assert (len(rows), first.repeats) == (15, 6)


def test_records_of_one_aggregated_record_are_told_apart() -> None:
    first = FirstDecisions()
    row = logged_row(1)
    names = [f"shard:7.{n}" for n in range(12)]
    rows = [msgspec.structs.replace(row, event_id=name) for name in names]

    found = [*first.add("predictions/s-shard-7.0.csv", rows), *first.rest()]

    assert [each.event_id for each in found] == names


def test_rows_that_no_later_object_repeats_are_not_held_back() -> None:
    first = FirstDecisions()
    log = objects(("s-1", 1 + 10 * n, 12, n % 5) for n in range(50))

    held = []
    yielded = read_so_far = 0
    for key, content in log.items():
        yielded += len(list(first.add(key, content)))
        read_so_far += 10
        held.append(read_so_far - yielded)

    assert max(held) <= 12


def test_a_log_whose_order_is_broken_is_read_once_and_not_held_back_as_a_whole() -> None:
    names = [f"shard:none-{number}" for number in range(60_000)]
    rows = [msgspec.structs.replace(logged_row(1), event_id=name) for name in names]
    first = FirstDecisions()

    before = [each for n in range(60) for each in first.add(f"s-{n}.csv", rows[n * 1000 :][:1000])]
    after = [*first.add("s-99.csv", rows[:1000]), *first.rest()]

    assert len(before) == 40_000
    assert sorted(row.event_id for row in before + after) == sorted(names)
    assert first.repeats == 1000
