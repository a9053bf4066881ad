import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.stream_consumer.compression import (
    MAX_DECOMPRESSED_BYTES,
    CompressionError,
    decompress,
    is_gzip,
)
from services.stream_consumer.testing.records import compressed


@settings(deadline=None)
@given(content=st.binary())
def test_what_was_compressed_comes_back(content: bytes) -> None:
    assert is_gzip(compressed(content))
    assert decompress(compressed(content)) == content


def test_a_bomb_stops_at_the_bound() -> None:
    bomb = compressed(bytes(MAX_DECOMPRESSED_BYTES + 1))

    with pytest.raises(CompressionError, match="over"):
        decompress(bomb)


@pytest.mark.parametrize("cut", [3, 12, -1])
def test_a_cut_stream_is_refused(cut: int) -> None:
    with pytest.raises(CompressionError, match="too early"):
        decompress(compressed(b"They charged me twice")[:cut])


def test_damage_is_noticed() -> None:
    data = bytearray(compressed(b"They charged me twice"))
    data[-6] ^= 0xFF

    with pytest.raises(CompressionError, match="damaged"):
        decompress(bytes(data))


def test_bytes_after_the_end_are_refused() -> None:
    with pytest.raises(CompressionError, match="after its end"):
        decompress(compressed(b"They charged me twice") + b"more")
