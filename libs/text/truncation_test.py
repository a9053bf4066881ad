import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.text.errors import TruncationError
from libs.text.truncation import TruncationSpec, TruncationStrategy


def test_head_keeps_the_beginning() -> None:
    kept = TruncationSpec(max_length=6, strategy="head").cut(range(10))

    assert kept == [0, 1, 2, 3]


def test_head_tail_keeps_a_quarter_of_the_beginning_and_the_end() -> None:
    kept = TruncationSpec(max_length=10, strategy="head_tail").cut(range(20))

    assert kept == [0, 1, 14, 15, 16, 17, 18, 19]


@given(
    length=st.integers(0, 600),
    max_length=st.integers(3, 512),
    strategy=st.sampled_from(["head", "head_tail"]),
)
def test_a_cut_fills_the_room_and_keeps_order(
    length: int, max_length: int, strategy: TruncationStrategy
) -> None:
    spec = TruncationSpec(max_length, strategy)

    kept = spec.cut(range(length))

    assert len(kept) == min(length, max_length - 2)
    assert kept == sorted(set(kept))


@pytest.mark.parametrize("max_length", [2, 513])
def test_a_max_length_out_of_bounds_is_refused(max_length: int) -> None:
    with pytest.raises(TruncationError, match="max_length"):
        TruncationSpec(max_length)


def test_an_unknown_strategy_is_refused_where_it_is_read() -> None:
    with pytest.raises(msgspec.ValidationError, match="strategy"):
        msgspec.convert({"max_length": 128, "strategy": "middle"}, TruncationSpec)


def test_a_spec_survives_a_round_trip_through_json() -> None:
    spec = TruncationSpec(max_length=384, strategy="head_tail")

    assert msgspec.json.decode(msgspec.json.encode(spec), type=TruncationSpec) == spec
