"""Runs schedules and holds every record to account: logged once for the reader, or rejected."""

from collections.abc import Iterable

from tests.chaos.schedule import Schedule
from tests.chaos.stream import FakeStream
from tests.chaos.world import World


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


def check_seeds(seeds: Iterable[int]) -> None:
    """Run one schedule a seed; what fails names its seed."""
    for seed in seeds:
        schedule = Schedule(seed)
        try:
            check(run(schedule))
        except BaseException as error:
            raise AssertionError(f"seed {seed}: {schedule.odds}: {error}") from error
