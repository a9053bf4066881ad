"""A model container without a model: /invocations on a loopback port, to be killed at will."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from libs.events.invocations import ErrorBody, ErrorResponse
from services.stream_consumer.errors import RefusedError, TransientError
from services.stream_consumer.testing.fakes import FakeEndpoint

_STATUS = {RefusedError: 422, TransientError: 500}


class Handler(BaseHTTPRequestHandler):
    """Answers as FakeEndpoint does; says in its log which trace ids came."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:  # noqa: N802
        """Answer /ping."""
        self._reply(200, b"{}")

    def do_POST(self) -> None:  # noqa: N802
        """Answer /invocations."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        attributes = self.headers.get("X-Amzn-SageMaker-Custom-Attributes", "")
        print(f"attributes {attributes}", flush=True)  # noqa: T201
        try:
            self._reply(200, FakeEndpoint().invoke(body, ""))
        except (RefusedError, TransientError) as error:
            content = ErrorResponse(ErrorBody("told_to", "by the narrative")).to_json()
            self._reply(_STATUS[type(error)], content)

    def log_message(self, *_: object) -> None:
        """Say nothing else."""

    def _reply(self, status: int, content: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
