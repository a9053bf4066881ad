"""A fault schedule: all that goes wrong in one run, drawn from one seed. Knows no consumer."""

import random
from dataclasses import dataclass

from ops.local.cloud.mapping_settings import UNLIMITED, MappingSettings


class Killed(BaseException):
    """The process ends here, as by kill -9: only who starts it anew may catch it."""


@dataclass(frozen=True)
class Odds:
    """How likely each trouble is at each occasion."""

    kill: float
    fault: float
    slow: float
    garble: float
    repeat: float


class Schedule:
    """The troubles of one run; after `budget` of them everything works."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.budget = self.random.randint(0, 40)
        draw = self.random.choice
        self.odds = Odds(
            kill=draw([0, 0.01, 0.05]),
            fault=draw([0, 0.05, 0.3]),
            slow=draw([0, 0.05, 0.3]),
            garble=draw([0, 0.1, 0.4]),
            repeat=draw([0, 0.02, 0.1]),
        )
        self.invocation_seconds = draw([12.0, 13.0, 20.0, 60.0])
        self.max_items_per_call = draw([1, 3, 50])

    def strikes(self, odds: float) -> bool:
        """Decide whether a trouble of these odds happens now."""
        if self.budget <= 0 or self.random.random() >= odds:
            return False
        self.budget -= 1
        return True

    def mapping_settings(self) -> MappingSettings:
        """Draw the settings of the event source mapping."""
        draw = self.random.choice
        return MappingSettings(
            batch_size=draw([1, 2, 5, 10, 100]),
            bisect_batch_on_function_error=draw([False, True]),
            maximum_retry_attempts=draw([UNLIMITED, 0, 2]),
            maximum_record_age_seconds=draw([UNLIMITED, UNLIMITED, 120]),
            parallelization_factor=draw([1, 1, 2]),
            report_batch_item_failures=True,
        )
