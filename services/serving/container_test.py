"""The container as SageMaker meets it: real processes, signals and sockets."""

import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from services.serving.testing.container import Container, ContainerSpec, run_container
from services.serving.testing.tiny_artifact import TinySpec, write_tiny_archive

NARRATIVE = b"The bank charged my card twice and never answered. " * 3
PATIENT = {"COMPLAINTS_DEADLINE_SECONDS": "60"}
"""So that a machine that is busy with something else refuses nothing."""


@pytest.fixture(scope="module")
def slow_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose run takes tens of milliseconds, so that work is under way when it matters."""
    folder = tmp_path_factory.mktemp("slow")
    return write_tiny_archive(folder, TinySpec(width=512, layers=20))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """One container of two workers, for tests that leave it as they found it."""
    folder = tmp_path_factory.mktemp("pair")
    environ = {"COMPLAINTS_WORKERS": "2", "COMPLAINTS_BODY_SECONDS": "0.5"}
    spec = ContainerSpec(write_tiny_archive(folder), folder, environ)
    with run_container(spec) as container:
        wait_until(lambda: times_ready(container) == 2)
        yield container


def wait_until(is_true: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 30
    while not is_true():
        assert time.monotonic() < give_up_at, "it never became true"
        time.sleep(0.01)


def times_ready(container: Container) -> int:
    """Return how many workers have loaded the model since the start."""
    return container.log_path.read_text().count('"message":"ready"')


def counted(container: Container, route: str = "/invocations") -> float:
    text = container.request("GET", "/metrics")[1].decode()
    pattern = rf'complaints_requests_total{{code="200",route="{route}"}} (\S+)'
    return sum(float(value) for value in re.findall(pattern, text))


def test_sigterm_loses_no_accepted_request(slow_model: Path, tmp_path: Path) -> None:
    def send_until_refused(container: Container, statuses: "Queue[int]") -> None:
        status = 200
        while status == 200:
            status = container.request("POST", "/invocations", NARRATIVE)[0]
            statuses.put(status)

    statuses: Queue[int] = Queue()
    with (
        run_container(ContainerSpec(slow_model, tmp_path)) as container,
        ThreadPoolExecutor(4) as clients,
    ):
        senders = [clients.submit(send_until_refused, container, statuses) for _ in range(4)]
        first = [statuses.get(timeout=60) for _ in range(8)]

        exit_code = container.terminate()
        for sender in senders:
            sender.result(timeout=60)

    assert exit_code == 0
    assert first == [200] * 8
    assert {statuses.get() for _ in range(statuses.qsize())} <= {200, 503}


def test_a_dead_worker_is_replaced_and_its_counts_stay(pair: Container) -> None:
    before, ready_before = counted(pair), times_ready(pair)
    for _ in range(20):
        pair.request("POST", "/invocations", NARRATIVE)
    wait_until(lambda: counted(pair) == before + 20)
    victim, other = pair.worker_pids()

    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: len(pair.worker_pids()) == 2 and victim not in pair.worker_pids())
    wait_until(lambda: times_ready(pair) == ready_before + 1)
    status, _ = pair.request("POST", "/invocations", NARRATIVE)

    assert status == 200
    assert other in pair.worker_pids()
    wait_until(lambda: counted(pair) == before + 21)


@pytest.mark.parametrize("workers", [1, 2])
def test_nobody_notices_that_a_worker_is_replaced(
    slow_model: Path, tmp_path: Path, workers: int
) -> None:
    environ = {"COMPLAINTS_WORKERS": str(workers), **PATIENT}
    with run_container(ContainerSpec(slow_model, tmp_path, environ)) as container:
        wait_until(lambda: times_ready(container) == workers)
        statuses = []

        os.kill(container.worker_pids()[0], signal.SIGKILL)
        while times_ready(container) == workers:
            statuses.append(container.request("POST", "/invocations", NARRATIVE)[0])
            statuses.append(container.request("GET", "/ping")[0])

    assert set(statuses) == {200}


def test_ping_answers_in_time_while_every_core_computes(slow_model: Path, tmp_path: Path) -> None:
    with (
        run_container(ContainerSpec(slow_model, tmp_path, PATIENT)) as container,
        ThreadPoolExecutor(8) as clients,
    ):
        busy = [
            clients.submit(container.request, "POST", "/invocations", NARRATIVE) for _ in range(80)
        ]

        seconds = [time_of_ping(container) for _ in range(10)]
        statuses = {request.result(timeout=60)[0] for request in busy}

    assert statuses == {200}
    assert max(seconds) < 2


def time_of_ping(container: Container) -> float:
    began_at = time.monotonic()
    assert container.request("GET", "/ping")[0] == 200
    return time.monotonic() - began_at


def test_a_body_that_drips_is_cut_off(pair: Container) -> None:
    head = (
        b"POST /invocations HTTP/1.1\r\nHost: serving\r\nContent-Type: text/plain\r\n"
        b"Content-Length: 1000\r\n\r\nonly this"
    )

    with socket.create_connection(("127.0.0.1", pair.port), timeout=30) as slow:
        slow.sendall(head)
        answer = b""
        while part := slow.recv(65536):  # until the connection is closed
            answer += part

    assert answer.startswith(b"HTTP/1.1 400")
    assert b"connection: close" in answer.lower()
    assert b"body_too_slow" in answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x00\xff\xfe\r\n\r\n",
        b"GET /ping HTTP/9.9\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nabcde",
        b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["bytes", "version", "negative length", "two lengths", "bad chunk", "long path"],
)
def test_bytes_that_are_no_request_break_nothing(pair: Container, request_bytes: bytes) -> None:
    with socket.create_connection(("127.0.0.1", pair.port), timeout=30) as client:
        client.sendall(request_bytes)
        client.shutdown(socket.SHUT_WR)
        answer = client.recv(65536)

    assert not answer.startswith(b"HTTP/1.1 5")
    assert pair.is_ready()


def test_half_open_connections_do_not_stop_others(pair: Container) -> None:
    silent = [socket.create_connection(("127.0.0.1", pair.port)) for _ in range(100)]
    try:
        status, _ = pair.request("POST", "/invocations", NARRATIVE)
    finally:
        for connection in silent:
            connection.close()

    assert status == 200


def test_metrics_are_pushed_where_nothing_scrapes(tmp_path: Path) -> None:
    pushed: Queue[tuple[str, bytes]] = Queue()

    class Gateway(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:  # noqa: N802
            body = self.rfile.read(int(self.headers["Content-Length"]))
            pushed.put((self.path, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Keep the test's output quiet."""

    with HTTPServer(("127.0.0.1", 0), Gateway) as gateway:
        Thread(target=gateway.serve_forever, daemon=True).start()
        environ = {
            "COMPLAINTS_PUSHGATEWAY_URL": f"http://127.0.0.1:{gateway.server_port}",
            "COMPLAINTS_PUSH_SECONDS": "0.2",
        }
        with run_container(ContainerSpec(write_tiny_archive(tmp_path), tmp_path, environ)):
            path, body = pushed.get(timeout=30)
        gateway.shutdown()

    assert path.startswith("/metrics/job/complaints_serving/instance/")
    assert b"complaints_in_flight" in body
