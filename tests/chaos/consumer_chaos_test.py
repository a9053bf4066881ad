import os
import random

import pytest

from tests.chaos.schedule import Schedule
from tests.chaos.stream import FakeStream, build_stream
from tests.chaos.world import World

SEEDS_PER_TEST = 100
CI_SCHEDULES, SLOW_SCHEDULES = 2_000, 20_000
SCHEDULES = SLOW_SCHEDULES if os.environ.get("CHAOS_SLOW") else CI_SCHEDULES


class OneTrouble(Schedule):
    """Everything works but for the one occasion of trouble that is named by its number."""

    def __init__(self, seed: int, number: int) -> None:
        super().__init__(seed)
        self.number = number
        self.occasions = 0

    def strikes(self, odds: float) -> bool:
        self.occasions += 1
        return self.occasions - 1 == self.number


def run(schedule: Schedule, stream: FakeStream | None = None) -> World:
    world = World(schedule, stream)
    world.run()
    return world


def check(world: World) -> None:
    """No record lost, none counted twice, every rejected one accounted for."""
    rejected = {record.event_id: record.data for record in world.rejected()}
    assert sorted(world.logged()) == sorted(world.stream.classified)
    assert rejected == world.stream.rejected
    assert len(world.rejected()) == len(rejected)
    assert all(record.reason for record in world.rejected())


@pytest.mark.parametrize("first", range(0, SCHEDULES, SEEDS_PER_TEST))
def test_whatever_goes_wrong_each_record_counts_once(first: int) -> None:
    for seed in range(first, first + SEEDS_PER_TEST):
        schedule = Schedule(seed)
        try:
            check(run(schedule))
        except BaseException as error:
            raise AssertionError(f"seed {seed}: {schedule.odds}: {error}") from error


@pytest.mark.parametrize("seed", range(3))
def test_one_trouble_at_any_occasion_loses_nothing(seed: int) -> None:
    healthy = OneTrouble(seed, number=-1)
    check(run(healthy, build_stream(random.Random(seed))))

    for number in range(healthy.occasions):
        check(run(OneTrouble(seed, number), build_stream(random.Random(seed))))


def test_a_run_is_repeated_exactly_by_its_seed() -> None:
    first, second = run(Schedule(7)), run(Schedule(7))

    assert first.bucket.objects == second.bucket.objects
    assert first.invocations == second.invocations
