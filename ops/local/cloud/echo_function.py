"""A Lambda function for the tests of this folder: does what its event tells it to."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any


def handler(event: dict[str, Any], context: Any) -> Any:
    """Answer, raise, die or hang, as `event["do"]` says; report the whole batch by default."""
    match event.get("do", "answer"):
        case "context":
            return _facts(context)
        case "raise":
            raise ValueError("told to raise")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            threading.Event().wait()
        case "answer":
            return event.get("answer", {"batchItemFailures": []})


def _facts(context: Any) -> dict[str, Any]:
    return {
        "request_id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "name": context.function_name,
        "memory": context.memory_limit_in_mb,
        "trace_id": os.environ.get("_X_AMZN_TRACE_ID"),
        "pid": os.getpid(),
    }
