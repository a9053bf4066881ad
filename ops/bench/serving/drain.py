"""SIGTERM under full load: does every request that was accepted get its answer?"""

import http.client
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from ops.bench.serving.servers import serve_artifact

CLIENTS = 8
EXIT_SECONDS = 30


@dataclass
class DrainReport:
    """`outcomes` counts 200, 503, `refused` (no connection) and `lost` (sent, never answered)."""

    outcomes: Counter[str] = field(default_factory=Counter)
    exit_codes: Counter[int] = field(default_factory=Counter)


def terminate_under_load(artifact: Path, bodies: list[str], times: int) -> DrainReport:
    """Start, load and terminate the container `times` times."""
    report = DrainReport()
    for _ in range(times):
        _terminate_once(artifact, bodies, report)
    return report


def _terminate_once(artifact: Path, bodies: list[str], report: DrainReport) -> None:
    with serve_artifact(artifact) as server:
        enough_served = threading.Semaphore(0)
        clients = [
            threading.Thread(
                target=_send_until_refused,
                args=(server.port, cycle(bodies[number:]), report.outcomes, enough_served),
            )
            for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        for _ in range(2 * CLIENTS):
            enough_served.acquire()
        server.process.send_signal(signal.SIGTERM)
        for client in clients:
            client.join()
        report.exit_codes[server.process.wait(timeout=EXIT_SECONDS)] += 1


def _send_until_refused(
    port: int, bodies: Iterator[str], outcomes: Counter[str], served: threading.Semaphore
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    outcome = "200"
    while outcome == "200":
        outcome = _send(connection, next(bodies))
        outcomes[outcome] += 1
        served.release()
    connection.close()


def _send(connection: http.client.HTTPConnection, body: str) -> str:
    try:
        if connection.sock is None:
            connection.connect()
    except OSError:
        return "refused"
    try:
        connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        return str(response.status)
    except (OSError, http.client.HTTPException):
        return "lost"
