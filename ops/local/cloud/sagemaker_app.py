"""The ASGI application of the SageMaker runtime stand-in: InvokeEndpoint, and a table to change.

Request, response and errors follow
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html;
`/local/endpoints` is ours: GET shows the table, PUT and DELETE change it while requests run.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from ops.local.cloud.container_client import (
    ContainerClient,
    ContainerResponse,
    ContainerTimeoutError,
    ContainerUnreachableError,
    Headers,
)
from ops.local.cloud.ministack import ACCOUNT_ID

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# https://docs.aws.amazon.com/general/latest/gr/sagemaker.html (payload), and the API page.
MAX_BODY_BYTES = 25 * 1024 * 1024
MAX_ATTRIBUTES_LENGTH = 1024
_CUSTOM_ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"
_FORWARDED = (b"content-type", b"accept", _CUSTOM_ATTRIBUTES)
_RETURNED = (b"content-type", _CUSTOM_ATTRIBUTES)


@dataclass(frozen=True)
class Reply:
    """A complete HTTP answer."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=list)


class SagemakerApp:
    """Routes endpoint names to loopback ports. A request runs to its end on the port it began with,
    unless that container is lost and the name points elsewhere by then: it is then sent there."""

    def __init__(self, endpoints: Mapping[str, int], client: ContainerClient) -> None:
        self._endpoints = dict(endpoints)
        self._client = client
        self._in_flight: Counter[int] = Counter()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection scope."""
        if scope["type"] == "lifespan":
            return await self._lifespan(receive, send)
        reply = await self._route(scope, receive)
        headers = [*reply.headers, (b"content-length", b"%d" % len(reply.body))]
        start = {"type": "http.response.start", "status": reply.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": reply.body})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            event = str((await receive())["type"])
            if event == "lifespan.shutdown":
                self._client.close()
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return

    async def _route(self, scope: Message, receive: Receive) -> Reply:
        match scope["method"], scope["path"].strip("/").split("/"):
            case "POST", ["endpoints", name, "invocations"]:
                return await self._invoke(name, dict(scope["headers"]), receive)
            case "GET", ["local", "endpoints"]:
                return _json(200, {"endpoints": self._endpoints, "in_flight": self._in_flight})
            case "PUT", ["local", "endpoints", name]:
                return self._put(name, await _read(receive) or b"")
            case "DELETE", ["local", "endpoints", name]:
                self._endpoints.pop(name, None)
                return _json(200, {"endpoints": self._endpoints})
        return _json(404, {"Message": "no such operation"}, "UnknownOperationException")

    def _put(self, name: str, body: bytes) -> Reply:
        try:
            port = int(json.loads(body)["port"])
        except (ValueError, KeyError, TypeError):
            return _json(400, {"Message": 'the body must be {"port": number}'}, "ValidationError")
        old = self._endpoints.get(name, port)
        self._endpoints[name] = port
        if old != port:
            self._client.forget(old)
        return _json(200, {"endpoints": self._endpoints})

    async def _invoke(self, name: str, headers: dict[bytes, bytes], receive: Receive) -> Reply:
        body = await _read(receive)
        if body is None:
            return _json(413, {"Message": f"the body is larger than {MAX_BODY_BYTES} bytes"})
        if len(headers.get(_CUSTOM_ATTRIBUTES, b"")) > MAX_ATTRIBUTES_LENGTH:
            message = f"CustomAttributes is longer than {MAX_ATTRIBUTES_LENGTH} characters"
            return _json(400, {"Message": message}, "ValidationError")
        if name not in self._endpoints:
            message = f"Endpoint {name} of account {ACCOUNT_ID} not found."
            return _json(400, {"Message": message}, "ValidationError")
        forwarded = [(key, headers[key]) for key in _FORWARDED if key in headers]
        try:
            return _translated(await self._forward(name, forwarded, body))
        except ContainerTimeoutError:
            return _model_error(0, "", _TIMED_OUT)
        except ContainerUnreachableError as error:
            return _json(503, {"Message": str(error)}, "ServiceUnavailable")

    async def _forward(self, name: str, headers: Headers, body: bytes) -> ContainerResponse:
        port = self._endpoints[name]
        while True:
            self._in_flight[port] += 1
            try:
                return await self._client.post(port, "/invocations", headers, body)
            except ContainerUnreachableError:
                port, lost = self._endpoints.get(name, port), port
                if port == lost:
                    raise
            finally:
                self._in_flight[port] -= 1


_TIMED_OUT = "Your invocation timed out while waiting for a response from container primary."


async def _read(receive: Receive) -> bytes | None:
    """Return the request body; None when it is over the limit."""
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= MAX_BODY_BYTES:
            parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts) if size <= MAX_BODY_BYTES else None


def _translated(response: ContainerResponse) -> Reply:
    if response.status >= 400:
        text = response.body.decode(errors="replace")
        side = "client" if response.status < 500 else "server"
        message = f'Received {side} error ({response.status}) from primary with message "{text}".'
        return _model_error(response.status, text, message)
    headers = [(key, response.headers[key]) for key in _RETURNED if key in response.headers]
    headers += [
        (b"x-amzn-invoked-production-variant", b"AllTraffic"),
        (b"x-amzn-requestid", str(uuid.uuid4()).encode()),
    ]
    return Reply(200, response.body, headers)


def _model_error(status: int, original: str, message: str) -> Reply:
    body = {"Message": message, "OriginalStatusCode": status, "OriginalMessage": original}
    return _json(424, body, "ModelError")


def _json(status: int, body: Mapping[str, Any], error_type: str | None = None) -> Reply:
    headers = [(b"content-type", b"application/json")]
    if error_type is not None:
        headers.append((b"x-amzn-errortype", error_type.encode()))
    return Reply(status, json.dumps(body).encode(), headers)
