"""Reads a request body within bounds: its size, the time it takes, and what all bodies may hold."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Request

from services.serving.errors import OverloadedError, RequestTooLargeError, SlowBodyError


@dataclass(frozen=True)
class BodyLimits:
    """`body_bytes` for one request, `buffer_bytes` for all that are under way."""

    body_bytes: int
    buffer_bytes: int
    seconds: float


class BodyReader:
    """Knows how many bytes all requests under way hold together."""

    def __init__(self, limits: BodyLimits) -> None:
        self.limits = limits
        self.held_bytes = 0

    @asynccontextmanager
    async def read(self, request: Request) -> AsyncIterator[bytes]:
        """Yield the body, and count it as held until the block ends; raises RequestError."""
        declared = request.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit():
            self._check_size(int(declared))
        chunks: list[bytes] = []
        try:
            await self._collect(request, chunks)
            yield b"".join(chunks)
        finally:
            self.held_bytes -= sum(map(len, chunks))

    async def _collect(self, request: Request, chunks: list[bytes]) -> None:
        size_bytes = 0
        try:
            async with asyncio.timeout(self.limits.seconds):
                async for chunk in request.stream():
                    size_bytes += len(chunk)
                    self._check_size(size_bytes)
                    self._hold(len(chunk))
                    chunks.append(chunk)
        except TimeoutError as error:
            raise SlowBodyError(
                "body_too_slow", f"the body did not arrive within {self.limits.seconds:g} s"
            ) from error

    def _hold(self, size_bytes: int) -> None:
        if self.held_bytes + size_bytes > self.limits.buffer_bytes:
            raise OverloadedError("memory", "too many large requests are under way", 1.0)
        self.held_bytes += size_bytes

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self.limits.body_bytes:
            raise RequestTooLargeError(
                "body_too_large", f"the body has more than {self.limits.body_bytes} bytes"
            )
