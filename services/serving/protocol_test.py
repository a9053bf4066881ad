import asyncio
from collections.abc import Awaitable, Callable

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from services.serving.protocol import PunctualProtocol

TIMEOUT_SECONDS = 1
REQUEST = b"GET / HTTP/1.1\r\nHost: serving\r\n\r\n"
Exchange = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]


async def say_yes(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"content-length", b"3")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"yes"})


def converse(exchange: Exchange) -> bytes:
    """Serve one connection with the protocol, and return what `exchange` got of it."""

    async def run() -> bytes:
        config = uvicorn.Config(say_yes, log_config=None, timeout_keep_alive=TIMEOUT_SECONDS)
        state = ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: PunctualProtocol(config, state, {}), "127.0.0.1", 0
        )
        async with server, asyncio.timeout(30):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            received = await exchange(reader, writer)
            writer.close()
            return received

    return asyncio.run(run())


def test_a_connection_without_a_request_is_closed() -> None:
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        return await reader.read()

    assert converse(stay_silent) == b""


def test_half_a_head_keeps_no_connection_open() -> None:
    async def send_half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(REQUEST[:20])
        return await reader.read()

    assert converse(send_half) == b""


def test_after_an_answer_half_a_head_keeps_no_connection_open() -> None:
    async def send_more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(REQUEST + REQUEST)
        answers = await reader.readuntil(b"yes") + await reader.readuntil(b"yes")
        writer.write(REQUEST[:20])
        return answers + await reader.read()

    assert converse(send_more).count(b"200 OK") == 2
