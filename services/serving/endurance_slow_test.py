"""An hour of mutilated requests, and memory over 100,000 good ones. Its target is tagged slow."""

import gzip
import os
import random
import re
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from services.serving.testing.container import Container, ContainerSpec, run_container
from services.serving.testing.tiny_artifact import write_tiny_archive

FUZZ_SECONDS = float(os.environ.get("COMPLAINTS_FUZZ_SECONDS", "3600"))
GOOD_REQUESTS = 100_000
GROWTH_MEBIBYTES = 20
FUZZ_MEBIBYTES = 100
SEED = 20_260_101

JSON = b"Content-Type: application/json"
BODIES = [
    (JSON, b'{"text": "my card was charged twice"}'),
    (JSON, b'{"inputs": ["my card", "a loan"], "parameters": {"top_k": 2}}'),
    (JSON, b'{"instances": [{"id": "a", "text": "my card was charged"}, {"text": "a loan"}]}'),
    (b"Content-Type: application/jsonlines", b'{"text": "my card"}\n{"text": "a loan"}\n'),
    (b"Content-Type: text/csv", b'"my card, twice"\r\na loan\r\n'),
    (b"Content-Type: text/plain", b"my card was charged twice"),
    (JSON + b"\r\nContent-Encoding: gzip", gzip.compress(b'{"text": "my card"}')),
]
REQUESTS = [
    b"POST /invocations HTTP/1.1\r\nHost: serving\r\nConnection: close\r\nContent-Length: %d\r\n"
    b"%b\r\n\r\n%b" % (len(body), headers, body)
    for headers, body in BODIES
]


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("endurance")
    environ = {
        "COMPLAINTS_WORKERS": "1",
        "COMPLAINTS_LOG_LEVEL": "error",
        "COMPLAINTS_BODY_SECONDS": "0.2",
    }
    with run_container(ContainerSpec(write_tiny_archive(folder), folder, environ)) as container:
        yield container


@pytest.mark.timeout(FUZZ_SECONDS + 300)
def test_no_mutilated_request_is_our_fault(container: Container) -> None:
    dice = random.Random(SEED)
    give_up_at = time.monotonic() + FUZZ_SECONDS
    before = resident_mebibytes(container)
    faults = []

    while time.monotonic() < give_up_at:
        request = mutilate(dice.choice(REQUESTS), dice)
        answer = exchange(container.port, request)
        if re.match(rb"HTTP/1\.1 5", answer) or b"Traceback" in answer:
            faults.append((request, answer))

    assert faults == []
    assert container.is_ready()
    assert resident_mebibytes(container) - before < FUZZ_MEBIBYTES


def mutilate(request: bytes, dice: random.Random) -> bytes:
    """Return `request` with one to eight bytes changed, taken out, repeated or put in."""
    content = bytearray(request)
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(content))
        until = at + dice.randint(0, 12)
        piece = dice.choice(
            [dice.randbytes(1), b"", bytes(content[at:until]) * 2, b'"', b"\\ud800", b"[", b"\r\n"]
        )
        content[at:until] = piece
    return bytes(content)


def exchange(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        try:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            return client.recv(65536)
        except ConnectionError:
            return b""


@pytest.mark.timeout(3600)
def test_memory_stays_flat_over_many_requests(container: Container) -> None:
    connection = HTTPConnection("127.0.0.1", container.port)
    send(connection, GOOD_REQUESTS // 10)
    before = resident_mebibytes(container)

    send(connection, GOOD_REQUESTS)
    connection.close()

    assert resident_mebibytes(container) - before < GROWTH_MEBIBYTES


def send(connection: HTTPConnection, requests: int) -> None:
    dice = random.Random(SEED)
    for _ in range(requests):
        body = "my card was charged twice " * dice.randint(1, 20)
        connection.request("POST", "/invocations", body, {"Content-Type": "text/plain"})
        connection.getresponse().read()


def resident_mebibytes(container: Container) -> int:
    (worker,) = container.worker_pids()
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{worker}/status").read_text())
    assert match is not None
    return int(match[1]) // 1024
