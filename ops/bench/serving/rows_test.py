import pytest

from ops.bench.serving.rows import Row, at_least, at_most


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (at_least("speed", 10.0, 10.0), "reached"),
        (at_least("speed", 9.99, 10.0), "MISSED"),
        (at_most("memory", 351.0, 350.0), "MISSED"),
        (at_most("lost", 0.0, 0.0), "reached"),
        (Row("a peer", None, None, True), "not run"),
        (Row("a peer", 2.0, None, True), "-"),
    ],
)
def test_a_row_says_whether_its_bar_is_reached(row: Row, verdict: str) -> None:
    assert row.verdict == verdict
