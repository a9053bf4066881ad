import random

import pytest

from tests.chaos.account import check, check_seeds, run
from tests.chaos.schedule import Schedule
from tests.chaos.stream import build_stream

SEEDS_PER_TEST = 100
SCHEDULES = 2_000


class OneTrouble(Schedule):
    """Everything works but for the one occasion of trouble that is named by its number."""

    def __init__(self, seed: int, number: int) -> None:
        super().__init__(seed)
        self.number = number
        self.occasions = 0

    def strikes(self, odds: float) -> bool:
        self.occasions += 1
        return self.occasions - 1 == self.number


@pytest.mark.parametrize("first", range(0, SCHEDULES, SEEDS_PER_TEST))
def test_whatever_goes_wrong_each_record_counts_once(first: int) -> None:
    check_seeds(range(first, first + SEEDS_PER_TEST))


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
