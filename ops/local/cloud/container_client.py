"""HTTP/1.1 to serving processes on loopback ports, over kept-alive connections.

Knows nothing of SageMaker. Speaks through h11 because a pooled httpx call costs more than the
rest of the shim together.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass

import h11

from ops.local.cloud.errors import LocalCloudError
from ops.local.cloud.processes import LOOPBACK

Headers = list[tuple[bytes, bytes]]
_READ_BYTES = 64 * 1024


class ContainerUnreachableError(LocalCloudError):
    """No connection, or it was lost before the response was complete."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(f"no response from the container on port {port}: {reason}")
        self.port = port


class ContainerTimeoutError(LocalCloudError):
    """The container took longer than it may."""

    def __init__(self, port: int, seconds: float) -> None:
        super().__init__(f"no response from the container on port {port} in {seconds:g} s")
        self.port = port


@dataclass(frozen=True)
class ContainerResponse:
    """A complete response; header names are in lower case."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


class ContainerClient:
    """Posts to containers; keeps idle connections by port."""

    def __init__(self, timeout_seconds: float = 60.0) -> None:
        self._timeout_seconds = timeout_seconds
        self._idle: dict[int, list[_Connection]] = defaultdict(list)

    async def post(self, port: int, path: str, headers: Headers, body: bytes) -> ContainerResponse:
        """Send one request; ContainerUnreachableError, ContainerTimeoutError.

        A kept connection that the container closed meanwhile is replaced by a new one.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                while self._idle[port]:
                    connection = self._idle[port].pop()
                    try:
                        return await self._exchange(connection, path, headers, body)
                    except _StaleConnectionError:
                        continue
                connection = await _connect(port)
                return await self._exchange(connection, path, headers, body)
        except TimeoutError as error:
            raise ContainerTimeoutError(port, self._timeout_seconds) from error

    def forget(self, port: int) -> None:
        """Close the idle connections to a port."""
        for connection in self._idle.pop(port, []):
            connection.close()

    def close(self) -> None:
        """Close every idle connection."""
        for port in list(self._idle):
            self.forget(port)

    async def _exchange(
        self, connection: _Connection, path: str, headers: Headers, body: bytes
    ) -> ContainerResponse:
        is_reusable = False
        try:
            response = await connection.exchange(path, headers, body)
            is_reusable = connection.is_reusable()
            return response
        finally:
            if is_reusable:
                self._idle[connection.port].append(connection)
            else:
                connection.close()


class _StaleConnectionError(ContainerUnreachableError):
    """A kept connection was closed before a byte of the response came."""


class _Connection:
    def __init__(
        self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.port = port
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)
        self._uses = 0

    async def exchange(self, path: str, headers: Headers, body: bytes) -> ContainerResponse:
        self._uses += 1
        own = [
            (b"host", f"{LOOPBACK}:{self.port}".encode()),
            (b"content-length", b"%d" % len(body)),
        ]
        request = h11.Request(method="POST", target=path, headers=own + headers)
        events = (request, h11.Data(data=body), h11.EndOfMessage())
        try:
            self._writer.write(b"".join(self._http.send(event) or b"" for event in events))
            await self._writer.drain()
            return await self._response()
        except (OSError, h11.RemoteProtocolError) as error:
            raise self._lost(str(error)) from error

    async def _response(self) -> ContainerResponse:
        response: h11.Response | None = None
        parts: list[bytes] = []
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(_READ_BYTES))
            elif isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                parts.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and response is not None:
                return ContainerResponse(
                    response.status_code, dict(response.headers), b"".join(parts)
                )
            elif isinstance(event, h11.ConnectionClosed):
                raise self._lost("the connection was closed")

    def _lost(self, reason: str) -> ContainerUnreachableError:
        is_stale = self._uses > 1 and self._http.their_state is not h11.SEND_BODY
        kind = _StaleConnectionError if is_stale else ContainerUnreachableError
        return kind(self.port, reason)

    def is_reusable(self) -> bool:
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    def close(self) -> None:
        self._writer.close()


async def _connect(port: int) -> _Connection:
    try:
        return _Connection(port, *await asyncio.open_connection(LOOPBACK, port))
    except OSError as error:
        raise ContainerUnreachableError(port, str(error)) from error
