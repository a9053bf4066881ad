"""Stops the work on a request when its client has gone away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Request


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


@asynccontextmanager
async def stop_when_client_leaves(request: Request) -> AsyncIterator[None]:
    """Cancel the block when the connection closes; raises ClientGoneError. The body is read."""
    task = asyncio.current_task()
    assert task is not None
    watcher = asyncio.create_task(_wait_for_disconnect(request))
    watcher.add_done_callback(lambda done: None if done.cancelled() else task.cancel())
    try:
        yield
    except asyncio.CancelledError as error:
        if not watcher.done() or watcher.cancelled():
            raise
        task.uncancel()
        raise ClientGoneError from error
    finally:
        watcher.cancel()


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
