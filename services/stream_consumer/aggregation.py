"""Records that the Kinesis Producer Library packed into one.

Magic bytes, a protobuf message, and the MD5 of that message:
https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
Only the fields that are needed are decoded: https://protobuf.dev/programming-guides/encoding/.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

_MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST_BYTES = 16
MAX_PARTS = 10_000
_PARTITION_KEYS, _RECORDS = 1, 3
_KEY_INDEX, _DATA = 1, 3
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5


class AggregationError(Exception):
    """An aggregated record that cannot be taken apart."""


@dataclass(frozen=True, slots=True)
class Part:
    """One user record of an aggregated record."""

    partition_key: str
    data: bytes


def is_aggregated(data: bytes) -> bool:
    """Tell an aggregated record by its first bytes, which are no UTF-8 text and no gzip."""
    return data.startswith(_MAGIC)


def split_aggregated(data: bytes) -> list[Part]:
    """Return the user records in order, at least one; raises AggregationError."""
    message, digest = data[len(_MAGIC) : -_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if hashlib.md5(message, usedforsecurity=False).digest() != digest:
        raise AggregationError("aggregated record: its MD5 does not fit its content")
    fields = list(_fields(message))
    keys = [_text(value) for number, value in fields if number == _PARTITION_KEYS]
    parts = [_part(value, keys) for number, value in fields if number == _RECORDS]
    if not 0 < len(parts) <= MAX_PARTS:
        raise AggregationError(
            f"aggregated record: {len(parts)} records: expected 1 to {MAX_PARTS}"
        )
    return parts


def _part(value: int | bytes, keys: list[str]) -> Part:
    if not isinstance(value, bytes):
        raise _malformed()
    fields = dict(_fields(value))
    index, data = fields.get(_KEY_INDEX), fields.get(_DATA)
    if not isinstance(index, int) or not isinstance(data, bytes) or index >= len(keys):
        raise _malformed()
    return Part(keys[index], data)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value); fixed-width values, which the format has none of, as bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        size, at = _size(message, at, wire_type)
        if at + size > len(message):
            raise _malformed()
        yield number, message[at : at + size]
        at += size


def _size(message: bytes, at: int, wire_type: int) -> tuple[int, int]:
    if wire_type == _BYTES:
        return _varint(message, at)
    sizes = {_FIXED_64: 8, _FIXED_32: 4}
    if wire_type not in sizes:
        raise _malformed()
    return sizes[wire_type], at


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _malformed()


def _text(value: int | bytes) -> str:
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        raise _malformed() from error


def _malformed() -> AggregationError:
    return AggregationError("aggregated record: not the message that the format describes")
