"""A gunicorn worker that runs the app on uvicorn and drains it before it leaves."""

import asyncio
import signal
import socket
import sys
from types import FrameType
from typing import Protocol

import uvicorn
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker
from starlette.types import ASGIApp

from services.serving.protocol import PunctualProtocol

LINGER_SECONDS = 1.0
"""How long an idle worker still answers 503, so that clients hear of the shutdown."""


class Drainable(Protocol):
    """What the worker needs of the service that it runs."""

    load_error: Exception | None

    async def drain(self, linger_seconds: float, limit_seconds: float) -> None: ...


class DrainingServer(uvicorn.Server):
    """Keeps accepting while it drains: a closed door would lose what knocks on it."""

    def __init__(self, config: uvicorn.Config, service: Drainable, drain_seconds: float) -> None:
        super().__init__(config)
        self._service = service
        self._drain_seconds = drain_seconds
        self._draining: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.add_signal_handler(signal.SIGQUIT, self._quit)
        await super().startup(sockets)

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._service.load_error is not None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by the signal; starts to drain, once."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._start_draining)

    def _start_draining(self) -> None:
        if self._draining is None:
            self._draining = asyncio.ensure_future(self._drain())

    async def _drain(self) -> None:
        await self._service.drain(LINGER_SECONDS, self._drain_seconds)
        self.should_exit = True

    def _quit(self) -> None:
        self.should_exit = self.force_exit = True


class ServingWorker(Worker):  # type: ignore[misc]
    """Runs `app.service` of the gunicorn application; a model that does not load stops all."""

    def init_signals(self) -> None:
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    def run(self) -> None:
        asgi: ASGIApp = self.wsgi
        # gunicorn numbers its workers from 1 on: the first ones say on /ping that they load, a
        # later one leaves what comes to the others, or in the listening queue, until it answers
        self.app.service.is_replacement = self.age > self.cfg.workers
        config = uvicorn.Config(
            asgi,
            log_config=None,
            access_log=False,
            server_header=False,
            loop="uvloop",
            http=PunctualProtocol,
            proxy_headers=False,
            lifespan="on",
            backlog=self.cfg.backlog,
            timeout_keep_alive=self.cfg.keepalive,
            timeout_notify=self.timeout,
            callback_notify=self._notify,
            timeout_graceful_shutdown=2,
        )
        server = DrainingServer(config, self.app.service, self.app.settings.drain_seconds)
        server.run([listener.sock.dup() for listener in self.sockets])
        if self.app.service.load_error is not None:
            sys.stderr.write(f"serve: {self.app.service.load_error}\n")
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    async def _notify(self) -> None:
        self.notify()
