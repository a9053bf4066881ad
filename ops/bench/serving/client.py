"""Load as its own process: closed loop (each client waits for its answer) or open loop (none does).

Reads a JSON order on standard input, prints a JSON report. In an open loop latency counts from when
a request was due.
"""

import asyncio
import http.client
import json
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any


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
    latencies_seconds: dict[int, list[float]] = field(default_factory=dict)

    def add(self, status: int, seconds: float) -> None:
        self.latencies_seconds.setdefault(status, []).append(seconds)


def run_closed(order: Order) -> Report:
    """Send every body once over `clients` connections."""
    report = Report()
    waiting = iter(order.bodies)
    lock = threading.Lock()

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", order.port, timeout=120)
        while True:
            with lock:
                body = next(waiting, None)
            if body is None:
                return connection.close()
            began_at = time.perf_counter()
            status = _send(connection, order.path, body)
            report.add(status, time.perf_counter() - began_at)

    threads = [threading.Thread(target=send) for _ in range(order.clients)]
    began_at = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report.elapsed_seconds = time.perf_counter() - began_at
    return report


def _send(connection: http.client.HTTPConnection, path: str, body: str) -> int:
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        connection.close()
        return 0


async def run_open(order: Order) -> Report:
    """Send the bodies at `rate` a second, whatever becomes of them."""
    report = Report()
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    began_at = time.perf_counter()

    async def send(body: str, due_at: float) -> None:
        reader, writer = idle.pop() if idle else await _connect(order.port)
        status = await _exchange(reader, writer, order.path, body)
        report.add(status, time.perf_counter() - due_at)
        if status:
            idle.append((reader, writer))

    tasks = []
    for number, body in enumerate(order.bodies):
        due_at = began_at + number / order.rate
        await asyncio.sleep(due_at - time.perf_counter())
        tasks.append(asyncio.create_task(send(body, due_at)))
    report.elapsed_seconds = time.perf_counter() - began_at
    await asyncio.gather(*tasks)
    for _, writer in idle:
        writer.close()
    return report


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: str
) -> int:
    content = body.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    try:
        writer.write(head.encode() + content)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        return int(answer.split(b" ", 2)[1])
    except (OSError, asyncio.IncompleteReadError):
        return 0


def main() -> None:
    order = Order(**json.load(sys.stdin))
    report = asyncio.run(run_open(order)) if order.rate else run_closed(order)
    document: dict[str, Any] = asdict(report)
    json.dump(document, sys.stdout)


if __name__ == "__main__":
    main()
