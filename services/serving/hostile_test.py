"""What nobody well-meaning sends, against a real container with its default limits."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.serving.testing.container import Container, ContainerSpec, run_container
from services.serving.testing.tiny_artifact import write_tiny_archive

MEBIBYTE = 1 << 20
PEAK_MEBIBYTES = 700


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("hostile")
    spec = ContainerSpec(write_tiny_archive(folder), folder, {"COMPLAINTS_WORKERS": "1"})
    with run_container(spec) as container:
        yield container


def instances(count: int) -> bytes:
    return json.dumps({"instances": [{"text": "a"}] * count}).encode()


BODIES: dict[str, tuple[str, Callable[[], bytes], int]] = {
    "deep arrays": ("application/json", lambda: b"[" * 500_000 + b"]" * 500_000, 400),
    "deep objects": ("application/json", lambda: b'{"text":' * 200_000, 400),
    "brackets": ("application/json", lambda: b'{"inputs":[' + b"[]," * 8_000_000 + b"1]}", 413),
    "numbers": ("application/json", lambda: b'{"inputs":[' + b"1e9," * 6_000_000 + b"1]}", 413),
    "huge number": ("application/json", lambda: b'{"text": 1e' + b"9" * 1_000_000 + b"}", 422),
    "huge integer": ("application/json", lambda: b'{"text": ' + b"9" * MEBIBYTE + b"}", 400),
    "NaN": ("application/json", lambda: b'{"inputs": "a", "parameters": {"top_k": NaN}}', 400),
    "NUL": ("application/json", lambda: b'{"text": "\\u0000"}', 422),
    "raw NUL": ("text/plain", lambda: b"\x00" * 1000, 422),
    "10,001 items": ("application/json", lambda: instances(10_001), 413),
    "10,001 lines": ("application/jsonlines", lambda: b'{"text":"a"}\n' * 10_001, 413),
    "a million words": ("text/plain", lambda: b"word " * 1_000_000, 422),
    "25 MB + 1": ("text/plain", lambda: b"a" * (25 * MEBIBYTE + 1), 413),
    "25 MB of quotes": ("text/csv", lambda: b'"' * (25 * MEBIBYTE - 1), 400),
    "25 MB of lines": ("application/jsonlines", lambda: b"\n" * (25 * MEBIBYTE - 1), 413),
    "25 MB of rows": ("text/csv", lambda: b"\n" * (25 * MEBIBYTE - 1), 413),
    "25 MB of cells": ("text/csv", lambda: b"ab," * (8 * MEBIBYTE), 413),
    "no gzip": ("text/plain; charset=utf-16", lambda: gzip.compress(b"a"), 415),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_refused_and_costs_bounded_memory(
    container: Container, name: str
) -> None:
    content_type, build, expected = BODIES[name]

    status, body = container.request("POST", "/invocations", build(), content_type)

    assert (status, json.loads(body)["error"]["message"] != "") == (expected, True)
    assert container.is_ready()
    assert peak_mebibytes(container) < PEAK_MEBIBYTES


def test_the_most_items_that_are_allowed_are_answered(container: Container) -> None:
    status, body = container.request("POST", "/invocations", instances(10_000), "application/json")

    assert status == 200
    assert len(json.loads(body)["predictions"]) == 10_000


def peak_mebibytes(container: Container) -> int:
    (worker,) = container.worker_pids()
    status = Path(f"/proc/{worker}/status").read_text()
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert match is not None
    return int(match[1]) // 1024
