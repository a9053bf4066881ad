"""The trace id of a request. SageMaker hands on one header only, its custom attributes."""

import os
import re
from collections.abc import Iterable

CUSTOM_ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"
_TRACE_ID = re.compile(r"(?:^|[,;\s])trace_id=([A-Za-z0-9._:-]{1,64})(?=$|[,;\s])")
_TRACEPARENT = re.compile(r"(?:^|[=,;\s])[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\b")


def read_trace_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the trace id in the custom attributes or the W3C traceparent, or a new one."""
    found = {name: value for name, value in headers if name in (CUSTOM_ATTRIBUTES, b"traceparent")}
    for value in (found.get(CUSTOM_ATTRIBUTES), found.get(b"traceparent")):
        text = (value or b"").decode("latin-1")
        match = _TRACE_ID.search(text) or _TRACEPARENT.search(text)
        if match:
            return match[1]
    return os.urandom(16).hex()
