"""A Lambda function for the tests of this folder: does what its event tells it to."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

DELIVERIES_VARIABLE = "DELIVERIES_FILE"


def handler(event: dict[str, Any], context: Any) -> Any:
    """Answer, raise, die or hang, as `event["do"]` says; note down Kinesis records."""
    match event.get("do"):
        case "context":
            return _facts(context)
        case "raise":
            raise ValueError("told to raise")
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            threading.Event().wait()
    if "Records" in event:
        _note(event["Records"])
    return event.get("answer", {"batchItemFailures": []})


def _note(records: list[dict[str, Any]]) -> None:
    lines = [f"{record['eventID']} {record['kinesis']['partitionKey']}\n" for record in records]
    with Path(os.environ[DELIVERIES_VARIABLE]).open("a") as file:
        file.write("".join(lines))


def _facts(context: Any) -> dict[str, Any]:
    return {
        "request_id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "name": context.function_name,
        "memory_mb": int(context.memory_limit_in_mb),
        "trace_id": os.environ.get("_X_AMZN_TRACE_ID"),
        "pid": os.getpid(),
    }
