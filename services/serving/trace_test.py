import re

import pytest

from services.serving.trace import CUSTOM_ATTRIBUTES, read_trace_id

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (CUSTOM_ATTRIBUTES, "trace_id=abc-1", "abc-1"),
        (CUSTOM_ATTRIBUTES, "a=b,trace_id=abc.1;c=d", "abc.1"),
        (CUSTOM_ATTRIBUTES, f"traceparent={TRACEPARENT}", "0af7651916cd43dd8448eb211c80319c"),
        (b"traceparent", TRACEPARENT, "0af7651916cd43dd8448eb211c80319c"),
    ],
)
def test_the_trace_id_is_found(name: bytes, value: str, expected: str) -> None:
    assert read_trace_id([(b"host", b"x"), (name, value.encode())]) == expected


@pytest.mark.parametrize(
    "value", [b"", b"trace_id=", b"trace_id=" + b"a" * 65, b"trace_id=a narrative", b"\xff\x00"]
)
def test_what_is_no_trace_id_is_replaced_by_a_new_one(value: bytes) -> None:
    headers = [(CUSTOM_ATTRIBUTES, value)]

    first, second = read_trace_id(headers), read_trace_id(headers)

    assert re.fullmatch("[0-9a-f]{32}", first) or value.startswith(b"trace_id=a ")
    assert first != second or value.startswith(b"trace_id=a ")
