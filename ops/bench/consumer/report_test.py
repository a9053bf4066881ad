import pytest

from ops.bench.consumer.report import Row, document


def row(is_reached: bool | None) -> Row:
    return Row("drain", ">= 0.85", "0.84", is_reached, {"share": 0.84})


@pytest.mark.parametrize(
    ("last", "expected"), [(True, True), (False, False), (None, False)], ids=["good", "low", "none"]
)
def test_all_is_reached_only_where_each_bar_was_measured_and_reached(
    last: bool | None, expected: bool
) -> None:
    result = document([row(True), row(last)])

    assert result["is_reached"] is expected


def test_a_row_says_in_a_word_how_it_went() -> None:
    rows = document([row(True), row(False), row(None)])["rows"]

    assert [each["verdict"] for each in rows] == ["reached", "MISSED", "not measured"]
    assert rows[0]["facts"] == {"share": 0.84}
