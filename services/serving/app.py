"""The HTTP routes. They decode, call the one use case, encode, and give errors their status."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from libs.events.invocations import JSON, ErrorBody, ErrorResponse
from services.serving.body import BodyLimits, BodyReader
from services.serving.describe import ExecutionParameters, describe_model
from services.serving.disconnect import ClientGoneError, stop_when_client_leaves
from services.serving.errors import (
    InferenceError,
    InvalidFieldError,
    MalformedRequestError,
    NotReadyError,
    OverloadedError,
    RequestError,
    RequestTooLargeError,
    SlowBodyError,
    UnsupportedFormatError,
)
from services.serving.formats.media_type import negotiate, read_content_type
from services.serving.formats.request import decode_call, decompress
from services.serving.formats.response import default_media_type, encode_answers
from services.serving.observed import INVOCATIONS, Observed
from services.serving.openapi import INVOCATIONS_DOCS, render_docs
from services.serving.service import Service

STATUS_CODES: Mapping[type[RequestError], int] = {
    MalformedRequestError: 400,
    SlowBodyError: 400,
    RequestTooLargeError: 413,
    UnsupportedFormatError: 415,
    InvalidFieldError: 422,
    OverloadedError: 429,
    NotReadyError: 503,
}
CLIENT_GONE = 499
LARGE_BODY_BYTES = 1 << 18
"""From here on decoding would hold up the event loop, and with it /ping."""


@dataclass(frozen=True)
class HttpLimits:
    """What one HTTP request may be."""

    body: BodyLimits
    max_items: int
    execution: ExecutionParameters


def create_app(service: Service, limits: HttpLimits, scrape: Callable[[], bytes]) -> ASGIApp:
    """Build the ASGI app around `service`; `scrape` gives the text of /metrics."""
    app = FastAPI(
        title="Complaint classifier",
        description="Classifies consumer complaint narratives into five desks.",
        version="1",
        lifespan=_lifespan(service),
        # its spans and logs would carry the messages of exceptions
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
        docs_url=None,
        redoc_url=None,
    )
    _add_invocations(app, service, limits)
    _add_information(app, service, limits, scrape)
    _add_error_handlers(app, service)
    routes = frozenset(getattr(route, "path", "") for route in app.routes)
    return Observed(app, service, routes)


def _lifespan(service: Service) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    return run


def _add_invocations(app: FastAPI, service: Service, limits: HttpLimits) -> None:
    bodies = BodyReader(limits.body)

    async def invocations(request: Request) -> Response:
        """Classify one narrative or many."""
        service.health.require_ready()
        headers = request.headers
        content_type = read_content_type(headers.get("content-type"))
        async with bodies.read(request) as body:
            encoding = headers.get("content-encoding")
            content = decompress(body, encoding, limits.body.body_bytes)
            decode = partial(decode_call, content_type, content, limits.max_items)
            is_large = len(content) > LARGE_BODY_BYTES
            call = await asyncio.to_thread(decode) if is_large else decode()
            media_type = negotiate(headers.get("accept"), default_media_type(call))
            async with stop_when_client_leaves(request):
                answers = await service.model.predictor.predict(call.items)
        identity = service.model.classifier.identity
        return _respond(encode_answers(call, answers, identity, media_type), media_type)

    app.post(INVOCATIONS, response_class=Response, **INVOCATIONS_DOCS)(invocations)
    # FastAPI's route is the description. Starlette's, which comes first, does the work: solving
    # dependencies that are not there took a fifth of what a request costs beside the model.
    app.router.routes.insert(0, Route(INVOCATIONS, invocations, methods=["POST"]))


def _add_information(
    app: FastAPI, service: Service, limits: HttpLimits, scrape: Callable[[], bytes]
) -> None:
    @app.get("/ping", response_class=Response)
    async def ping() -> Response:
        """Answer 200 when the model is loaded and has passed its self-test, else 503."""
        service.health.require_ready()
        return _respond(b'{"status":"ready"}', JSON)

    @app.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Answer the metrics of all workers in Prometheus' text format."""
        return _respond(scrape(), "text/plain; version=0.0.4; charset=utf-8")

    @app.get("/execution-parameters", response_class=Response)
    async def execution_parameters() -> Response:
        """Tell batch transform how to call."""
        return _respond(msgspec.json.encode(limits.execution), JSON)

    @app.get("/model", response_class=Response)
    async def model() -> Response:
        """Tell which artifact answers, and how it is run."""
        return _respond(msgspec.json.encode(describe_model(service.model.classifier)), JSON)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return _respond(render_docs(app.openapi()).encode(), "text/html; charset=utf-8")


def _add_error_handlers(app: FastAPI, service: Service) -> None:
    @app.exception_handler(RequestError)
    async def refuse(request: Request, error: RequestError) -> Response:
        headers = {}
        if isinstance(error, OverloadedError):
            service.metrics.refused(error.reason)
            headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_seconds)))
        if isinstance(error, SlowBodyError):
            headers["Connection"] = "close"
        return _error(STATUS_CODES[type(error)], error.code, error.message, headers)

    @app.exception_handler(InferenceError)
    async def break_down(request: Request, error: InferenceError) -> Response:
        service.report_failure(error)
        return _error(503, "inference_failed", "the model did not answer: try again")

    @app.exception_handler(ClientGoneError)
    async def give_nobody_an_answer(request: Request, error: ClientGoneError) -> Response:
        service.metrics.refused("client_gone")
        return Response(status_code=CLIENT_GONE)

    @app.exception_handler(Exception)
    async def apologise(request: Request, error: Exception) -> Response:
        return _error(500, "internal", "this is our fault; it has been logged")

    @app.exception_handler(HTTPException)
    async def refuse_route(request: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        return _error(error.status_code, code, "no such route or method: see /docs", error.headers)


def _respond(body: bytes, media_type: str) -> Response:
    return Response(body, headers={"content-type": media_type})


def _error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    body = ErrorResponse(ErrorBody(code, message)).to_json()
    return Response(body, status, {"content-type": JSON, **(headers or {})})
