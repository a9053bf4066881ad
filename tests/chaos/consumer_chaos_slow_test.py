import pytest

from tests.chaos.account import check_seeds

FIRST_SEED, SCHEDULES, SEEDS_PER_TEST = 2_000, 20_000, 500


@pytest.mark.parametrize("first", range(FIRST_SEED, FIRST_SEED + SCHEDULES, SEEDS_PER_TEST))
def test_ten_times_as_many_schedules_lose_and_double_nothing(first: int) -> None:
    check_seeds(range(first, first + SEEDS_PER_TEST))
