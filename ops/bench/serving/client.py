"""Load as its own process: closed loop (each client waits for its answer) or open loop (none does).

Reads a JSON order on standard input, prints a JSON report. In an open loop latency counts from when
a request was due. Requests are bytes made beforehand and answers are hardly looked at: client and
server share the machine, and what the client burns is missing from every server alike.
"""

import asyncio
import json
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass, field

HOST = "127.0.0.1"
TIMEOUT_SECONDS = 120
NO_ANSWER = 0


@dataclass(frozen=True)
class Order:
    """What to send. `rate` of 0 is a closed loop of `clients`."""

    port: int
    bodies: list[str]
    path: str = "/invocations"
    clients: int = 1
    rate: float = 0.0


@dataclass
class Report:
    """Latencies by status code; 0 is a connection that failed."""

    elapsed_seconds: float = 0.0
    """From the first request to the last answer."""
    latencies_seconds: dict[int, list[float]] = field(default_factory=dict)
    lags_seconds: list[float] = field(default_factory=list)
    """Open loop: how late this program itself was with each request."""

    def add(self, status: int, seconds: float) -> None:
        self.latencies_seconds.setdefault(status, []).append(seconds)


@dataclass(frozen=True)
class AnswerHead:
    """What of an answer has to be known to read the rest of it."""

    status: int
    content_length: int
    closes: bool

    @classmethod
    def parse(cls, head: bytes) -> "AnswerHead":
        """Read status line and headers; raises ValueError without a content length."""
        lines = head.lower().split(b"\r\n")
        headers = dict(line.split(b":", 1) for line in lines[1:] if b":" in line)
        if b"content-length" not in headers:
            raise ValueError("an answer without Content-Length")
        closes = headers.get(b"connection", b"").strip() == b"close" or lines[0][:8] != b"http/1.1"
        return cls(int(lines[0].split(b" ")[1]), int(headers[b"content-length"]), closes)


def to_bytes(path: str, body: str) -> bytes:
    """Return the request as it goes over the wire."""
    content = body.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


class Connection:
    """One client's connection, opened when it is needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def send(self, request: bytes) -> int:
        """Return the status of the answer, or NO_ANSWER."""
        try:
            return self._exchange(request)
        except (OSError, ValueError):
            self.close()
            return NO_ANSWER

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, request: bytes) -> int:
        if self._socket is None:
            self._socket = socket.create_connection((HOST, self._port), TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        answer = AnswerHead.parse(head)
        missing = answer.content_length - len(body)
        while missing > 0:
            missing -= len(self._receive())
        if answer.closes:
            self.close()
        return answer.status

    def _receive(self) -> bytes:
        assert self._socket is not None
        part = self._socket.recv(1 << 16)
        if not part:
            raise ConnectionError("closed before the answer was whole")
        return part


def run_closed(order: Order) -> Report:
    """Send every body once over `clients` connections."""
    report = Report()
    waiting = iter([to_bytes(order.path, body) for body in order.bodies])
    lock = threading.Lock()

    def send() -> None:
        connection = Connection(order.port)
        while True:
            with lock:
                request = next(waiting, None)
            if request is None:
                return connection.close()
            began_at = time.perf_counter()
            status = connection.send(request)
            report.add(status, time.perf_counter() - began_at)

    threads = [threading.Thread(target=send) for _ in range(order.clients)]
    began_at = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report.elapsed_seconds = time.perf_counter() - began_at
    return report


async def run_open(order: Order) -> Report:
    """Send the bodies at `rate` a second, whatever becomes of them."""
    report = Report()
    requests = [to_bytes(order.path, body) for body in order.bodies]
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    began_at = time.perf_counter()

    async def send(request: bytes, due_at: float) -> None:
        try:
            reader, writer = idle.pop() if idle else await _connect(order.port)
            report.lags_seconds.append(time.perf_counter() - due_at)
            writer.write(request)
            answer = AnswerHead.parse(await reader.readuntil(b"\r\n\r\n"))
            await reader.readexactly(answer.content_length)
        except (OSError, ValueError, asyncio.IncompleteReadError):
            return report.add(NO_ANSWER, time.perf_counter() - due_at)
        report.add(answer.status, time.perf_counter() - due_at)
        if answer.closes:
            writer.close()
        else:
            idle.append((reader, writer))

    tasks = []
    for number, request in enumerate(requests):
        due_at = began_at + number / order.rate
        await asyncio.sleep(due_at - time.perf_counter())
        tasks.append(asyncio.create_task(send(request, due_at)))
    await asyncio.gather(*tasks)
    report.elapsed_seconds = time.perf_counter() - began_at
    for _, writer in idle:
        writer.close()
    return report


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(HOST, port)


def main() -> None:
    order = Order(**json.load(sys.stdin))
    report = asyncio.run(run_open(order)) if order.rate else run_closed(order)
    json.dump(asdict(report), sys.stdout)


if __name__ == "__main__":
    main()
