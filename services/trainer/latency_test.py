import numpy as np

from services.trainer.dataset import TokenizedSplit
from services.trainer.latency import measure_latency


class Clock:
    """Moves by a tenth of a millisecond for every token that was predicted."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def predict(self, split: TokenizedSplit) -> None:
        assert len(split) == 1
        self.seconds += 1e-4 * len(split[0].input_ids)


def test_narratives_of_growing_length_are_timed_alone_up_to_the_longest() -> None:
    lengths = np.array([20, 100])
    split = TokenizedSplit(
        tokens=np.ones(120, dtype=np.uint16),
        offsets=np.array([0, 20, 120]),
        label_ids=np.zeros(2, dtype=np.int64),
        token_counts=lengths,
        rows=np.arange(2),
        years=np.zeros(2, dtype=np.int64),
        sources=(None, None),
        variants=(None, None),
        issues=(None, None),
    )
    clock = Clock()

    points = measure_latency(clock.predict, split, clock)

    assert [(point.tokens, round(point.milliseconds, 6)) for point in points] == [
        (32, 3.2),
        (64, 6.4),
        (100, 10.0),
    ]
