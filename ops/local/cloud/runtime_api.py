"""The Lambda Runtime API for one execution environment: hands out one invocation at a time.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html names paths, headers and codes.
It knows nothing of processes: whoever owns the runtime process calls `fail` when it ends.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from ops.local.cloud.processes import LOOPBACK

_VERSION = "/2018-06-01/runtime"
ERROR_TYPE_HEADER = "Lambda-Runtime-Function-Error-Type"
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: synchronous payloads.
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024


@dataclass(frozen=True)
class Invocation:
    """One event on its way to the function, with what the response headers of `next` tell."""

    request_id: str
    event: bytes
    deadline_ms: int
    function_arn: str
    trace_id: str

    def headers(self) -> dict[str, str]:
        """Return the headers that the runtime reads."""
        return {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(self.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": self.trace_id,
        }


@dataclass(frozen=True)
class Answer:
    """What the function answered; `error_type` is None when it succeeded."""

    body: bytes
    error_type: str | None = None


def error_answer(error_type: str, message: str) -> Answer:
    """Return the answer that Lambda itself gives when the runtime cannot."""
    return Answer(
        json.dumps({"errorMessage": message, "errorType": error_type}).encode(), error_type
    )


class RuntimeApi:
    """The API and its state: idle, ready, invoked, or over. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_ready = False
        self._offered: Invocation | None = None
        self._running: Invocation | None = None
        self._answer: Answer | None = None
        self._end: Answer | None = None
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="runtime-api", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API: host and port without a scheme."""
        return f"{LOOPBACK}:{self._server.server_address[1]}"

    def wait_until_ready(self, timeout_seconds: float) -> Answer | None:
        """Wait for the runtime's first `next`; the failure when it failed, or was too slow."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_ready or self._end is not None, timeout_seconds)
            if self._end is not None or self._is_ready:
                return self._end
        message = f"Error: Init timed out after {timeout_seconds:.2f} seconds"
        return error_answer("Sandbox.Timedout", message)

    def invoke(self, invocation: Invocation, timeout_seconds: float) -> Answer | None:
        """Offer an invocation and wait for its answer; None when the time was over first."""
        with self._changed:
            self._answer, self._offered = None, invocation
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._outcome() is not None, timeout_seconds)
            self._offered = self._running = None
            return self._outcome()

    def _outcome(self) -> Answer | None:
        return self._answer or self._end

    def fail(self, answer: Answer) -> None:
        """Tell that the runtime is gone: everything waiting ends with this answer."""
        with self._changed:
            self._end = self._end or answer
            self._changed.notify_all()

    def close(self) -> None:
        """Stop serving; a runtime still waiting for work is let go."""
        self.fail(error_answer("Runtime.Closed", "the execution environment was closed"))
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_invocation(self) -> Invocation | None:
        """Wait for work on the runtime's behalf; None when the environment is over."""
        with self._changed:
            self._is_ready = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._offered is not None or self._end is not None)
            if self._end is not None:
                return None
            self._running, self._offered = self._offered, None
            return self._running

    def accept(self, request_id: str, answer: Answer) -> bool:
        """Take the answer to the running invocation; False when it is not the running one."""
        with self._changed:
            if self._running is None or self._running.request_id != request_id:
                return False
            self._answer = answer
            self._changed.notify_all()
            return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__((LOOPBACK, 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a runtime that was killed; anything else is a fault of this server."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # Head and body leave in one segment.

    @property
    def _api(self) -> RuntimeApi:
        return cast(_Server, self.server).api

    def do_GET(self) -> None:  # noqa: N802
        if self.path != f"{_VERSION}/invocation/next":
            return self._reply(HTTPStatus.NOT_FOUND)
        invocation = self._api.next_invocation()
        if invocation is None:
            self.close_connection = True
            return self._reply(HTTPStatus.INTERNAL_SERVER_ERROR)
        self._reply(HTTPStatus.OK, invocation.event, invocation.headers())

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        error_type = self.headers.get(ERROR_TYPE_HEADER, "Unhandled")
        match self.path.removeprefix(f"{_VERSION}/").split("/"):
            case ["init", "error"]:
                self._api.fail(Answer(body, error_type))
                self._reply(HTTPStatus.ACCEPTED, b'{"status":"OK"}')
            case ["invocation", request_id, "response"]:
                self._finish(request_id, _within_limit(body))
            case ["invocation", request_id, "error"]:
                self._finish(request_id, Answer(body, error_type))
            case _:
                self._reply(HTTPStatus.NOT_FOUND)

    def _finish(self, request_id: str, answer: Answer) -> None:
        if not self._api.accept(request_id, answer):
            return self._reply(HTTPStatus.BAD_REQUEST, b'{"errorType":"InvalidRequestID"}')
        is_too_large = answer.error_type == "Function.ResponseSizeTooLarge"
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if is_too_large else HTTPStatus.ACCEPTED
        self._reply(status, b'{"status":"OK"}')

    def _reply(
        self, status: HTTPStatus, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in (headers or {"Content-Type": "application/json"}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: every invocation passes here."""


def _within_limit(body: bytes) -> Answer:
    if len(body) <= MAX_PAYLOAD_BYTES:
        return Answer(body)
    message = (
        f"Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes)."
    )
    return error_answer("Function.ResponseSizeTooLarge", message)
