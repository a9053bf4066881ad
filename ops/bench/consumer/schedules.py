"""The fault schedules of tests/chaos, as many as are asked for."""

import logging
from dataclasses import dataclass

from tests.chaos.account import check, run
from tests.chaos.schedule import Schedule

_POLLER = "ops.local.cloud"


@dataclass(frozen=True)
class Schedules:
    """How many schedules were run, what they held, and the seeds of those that failed."""

    count: int
    invocations: int
    records: int
    failed_seeds: list[int]


def run_schedules(count: int) -> Schedules:
    """Run the schedules of seeds 0, 1, ... and hold every record to account."""
    logging.getLogger(_POLLER).setLevel(logging.ERROR)  # Every fault of theirs is a warning there.
    invocations, records, failed = 0, 0, []
    for seed in range(count):
        try:
            world = run(Schedule(seed))
            check(world)
            invocations += world.invocations
            records += len(world.stream.classified) + len(world.stream.rejected)
        except Exception:
            failed.append(seed)
    return Schedules(count, invocations, records, failed)
