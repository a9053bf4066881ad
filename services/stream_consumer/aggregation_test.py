import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.stream_consumer.aggregation import (
    AggregationError,
    Part,
    is_aggregated,
    split_aggregated,
)
from services.stream_consumer.testing.records import aggregated

MAGIC = b"\xf3\x89\x9a\xc2"
PARTS = st.lists(st.tuples(st.text(max_size=8), st.binary(max_size=300)), min_size=1)


def sealed(message: bytes) -> bytes:
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


@settings(deadline=None)
@given(parts=PARTS)
def test_what_was_packed_comes_out_in_order(parts: list[tuple[str, bytes]]) -> None:
    data = aggregated(parts)

    assert is_aggregated(data)
    assert split_aggregated(data) == [Part(key, content) for key, content in parts]


@settings(deadline=None)
@given(message=st.binary())
def test_any_other_message_is_refused_or_read_but_never_crashes(message: bytes) -> None:
    try:
        parts = split_aggregated(sealed(message))
    except AggregationError:
        return

    assert parts


def test_a_changed_byte_is_noticed() -> None:
    data = aggregated([("k", b"complaint")])

    with pytest.raises(AggregationError, match="MD5"):
        split_aggregated(data.replace(b"complaint", b"complainT"))


def test_a_part_without_a_known_partition_key_is_refused() -> None:
    data = sealed(b"\x1a\x04" + b"\x08\x05" + b"\x1a\x00")

    with pytest.raises(AggregationError, match="not the message"):
        split_aggregated(data)


def test_a_record_of_no_parts_is_refused() -> None:
    with pytest.raises(AggregationError, match="0 records"):
        split_aggregated(sealed(b""))


def test_hash_keys_and_tags_are_passed_over() -> None:
    hash_keys = b"\x12\x03123"
    part = b"\x08\x00" + b"\x10\x00" + b"\x1a\x02hi" + b"\x22\x05\x0a\x03abc"
    message = b"\x0a\x01k" + hash_keys + b"\x1a" + bytes([len(part)]) + part

    assert split_aggregated(sealed(message)) == [Part("k", b"hi")]
