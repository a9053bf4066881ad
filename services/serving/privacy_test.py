"""A canary narrative goes through every route and error path: it may come out nowhere."""

import json
import logging
from collections.abc import Iterator

import pytest
from pythonjsonlogger.json import JsonFormatter

from services.serving.testing.fake_pool import FakePool
from services.serving.testing.harness import Harness, HarnessSpec, serve_tiny_model

CANARY = "zebracanary4711"


@pytest.fixture(scope="module")
def pool() -> FakePool:
    return FakePool()


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory, pool: FakePool) -> Iterator[Harness]:
    directory = tmp_path_factory.mktemp("model")
    with serve_tiny_model(directory, HarnessSpec(pool=pool)) as harness:
        yield harness


REQUESTS: list[tuple[str, str, str]] = [
    ("application/json", json.dumps({"text": CANARY}), "text"),
    ("application/json", json.dumps({"inputs": [CANARY, CANARY * 10_000]}), "inputs"),
    ("application/json", json.dumps({"inputs": CANARY, "parameters": {CANARY: 1}}), "parameter"),
    ("application/json", json.dumps({"instances": [{"text": [CANARY]}, {CANARY: 1}]}), "items"),
    ("application/json", json.dumps({CANARY: CANARY}), "unknown field"),
    ("application/json", f'{{"{CANARY}": 1, "{CANARY}": 2}}', "duplicate key"),
    ("application/json", f'{{"text": "{CANARY}', "broken JSON"),
    ("application/json", f'{{"text": "{CANARY}\\ud800"}}', "surrogate"),
    ("application/jsonlines", f'{{"text": "{CANARY}"}}\n{CANARY}', "lines"),
    ("text/csv", f"{CANARY}\n{CANARY},{CANARY}\n", "rows"),
    ("text/csv", f'"{CANARY}', "broken CSV"),
    ("text/plain", CANARY, "plain"),
    ("text/plain", CANARY * 10_000, "too long"),
    (f"text/{CANARY}", CANARY, "content type"),
]


def own_logs(caplog: pytest.LogCaptureFixture) -> str:
    """Return what the container would log; the test's own client logs the address it calls."""
    records = [record for record in caplog.records if not record.name.startswith("httpx")]
    return "".join(JsonFormatter("%(message)s").format(record) for record in records)


@pytest.mark.parametrize("is_failing", [False, True], ids=["healthy", "failing"])
def test_a_narrative_comes_out_of_no_answer_log_or_metric(
    harness: Harness, pool: FakePool, caplog: pytest.LogCaptureFixture, is_failing: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    pool.is_failing = is_failing

    answers = [
        harness.post(content=body, headers={"content-type": content_type, "x-note": CANARY})
        for content_type, body, _ in REQUESTS
    ]
    answers.append(harness.get(f"/{CANARY}?text={CANARY}"))
    answers.append(harness.get("/ping", headers={"traceparent": CANARY}))
    answers.append(harness.get("/metrics"))

    logged = own_logs(caplog)
    assert '"route": "/invocations"' in logged
    assert CANARY not in logged
    for answer in answers:
        assert CANARY not in answer.text
        assert CANARY not in str(answer.headers)


def test_an_error_that_nobody_foresaw_is_logged_without_its_message(
    harness: Harness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(harness.service.health, "require_ready", fail)

    answer = harness.get("/ping")

    logged = own_logs(caplog)
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert '"error_type": "RuntimeError"' in logged
    assert CANARY not in logged + answer.text
