"""Around the whole app: counts, times and logs each request, and lets nothing else escape."""

import logging
import time
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from services.serving.health import State
from services.serving.service import Service
from services.serving.trace import CUSTOM_ATTRIBUTES, read_trace_id

logger = logging.getLogger(__name__)

INVOCATIONS = "/invocations"
OTHER_ROUTE = "other"


class Observed:
    """ASGI middleware; a path that is no route is never a label or in a log."""

    def __init__(self, app: ASGIApp, service: Service, routes: frozenset[str]) -> None:
        self._app = app
        self._service = service
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(send, read_trace_id(scope["headers"]), self._service)
        is_work = scope["path"] == INVOCATIONS
        self._service.in_flight += is_work
        self._service.metrics.in_flight.inc(is_work)
        try:
            await self._app(scope, receive, exchange.send)
        except Exception as error:
            exchange.log_failure(error)  # the app has answered 500
        finally:
            self._service.in_flight -= is_work
            self._service.metrics.in_flight.dec(is_work)
            route = scope["path"] if scope["path"] in self._routes else OTHER_ROUTE
            self._report(route, exchange)

    def _report(self, route: str, exchange: "_Exchange") -> None:
        seconds = time.perf_counter() - exchange.began_at
        self._service.metrics.answered(route, exchange.status, seconds)
        level = logging.INFO if route == INVOCATIONS else logging.DEBUG
        if logger.isEnabledFor(level):
            logger.log(
                level,
                "request",
                extra={
                    "route": route,
                    "code": exchange.status,
                    "seconds": round(seconds, 6),
                    "trace_id": exchange.trace_id,
                },
            )


class _Exchange:
    def __init__(self, send: Send, trace_id: str, service: Service) -> None:
        self._send = send
        self._service = service
        self.trace_id = trace_id
        self.began_at = time.perf_counter()
        self.status = 499  # the client left before an answer, as nginx counts it

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            headers.append((CUSTOM_ATTRIBUTES, b"trace_id=" + self.trace_id.encode()))
            if self._service.health.state is State.DRAINING:
                headers.append((b"connection", b"close"))
        await self._send(message)

    def log_failure(self, error: Exception) -> None:
        """Log where it happened, without the message, which may quote a narrative."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else "unknown"
        logger.error(
            "unexpected error",
            extra={"error_type": type(error).__name__, "where": where, "trace_id": self.trace_id},
        )
