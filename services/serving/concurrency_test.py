"""Several requests at a time, against a pool of sessions that the test holds and lets go."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx
from starlette.types import Message

from services.serving.body import BodyLimits
from services.serving.predict import Patience
from services.serving.service import Capacity
from services.serving.testing.fake_pool import FakePool, GatedPool
from services.serving.testing.harness import LIMITS, Harness, HarnessSpec, serve_tiny_model

NARRATIVE = {"text": "The bank charged my card twice."}
ONE_LANE = Capacity(lanes=1, queue_items=2, items_per_run=1, patience=Patience(20, 20))


async def wait_for(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_true():
            await asyncio.sleep(0)


async def occupy_lane(client: httpx.AsyncClient, pool: GatedPool) -> "asyncio.Task[httpx.Response]":
    pool.close_gate()
    request = asyncio.create_task(client.post("/invocations", json=NARRATIVE))
    await wait_for(lambda: pool.entered.acquire(blocking=False))
    return request


def run_with_gate(
    directory: Path,
    scenario: Callable[[Harness, GatedPool], Awaitable[None]],
    capacity: Capacity = ONE_LANE,
) -> None:
    pool = GatedPool()
    with serve_tiny_model(directory, HarnessSpec(pool=pool, capacity=capacity)) as harness:
        while pool.entered.acquire(blocking=False):
            pass  # the self-test came through too

        async def run() -> None:
            try:
                await scenario(harness, pool)
            finally:
                pool.open_gate()

        asyncio.run(run())


def test_a_full_queue_answers_429_at_once_and_says_when_to_retry(tmp_path: Path) -> None:
    async def scenario(harness: Harness, pool: GatedPool) -> None:
        async with harness.open_client() as client:
            first = await occupy_lane(client, pool)
            waiting = [
                asyncio.create_task(client.post("/invocations", json=NARRATIVE)) for _ in "12"
            ]
            await wait_for(lambda: harness.service.model.scheduler.pending == 2)

            refused = await client.post("/invocations", json=NARRATIVE)
            pool.open_gate()
            served = await asyncio.gather(first, *waiting)

        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert [answer.status_code for answer in served] == [200, 200, 200]
        assert harness.metric("complaints_rejected_total", reason="queue_full") == 1

    run_with_gate(tmp_path, scenario)


def test_what_waits_too_long_is_answered_at_its_deadline(tmp_path: Path) -> None:
    async def scenario(harness: Harness, pool: GatedPool) -> None:
        async with harness.open_client() as client:
            late = await occupy_lane(client, pool)
            answer = await late

        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "deadline"

    run_with_gate(tmp_path, scenario, replace(ONE_LANE, patience=Patience(0.05, 0.05)))


def test_ping_answers_while_every_lane_is_busy(tmp_path: Path) -> None:
    async def scenario(harness: Harness, pool: GatedPool) -> None:
        async with harness.open_client() as client:
            busy = await occupy_lane(client, pool)

            ping = await client.get("/ping")
            pool.open_gate()
            await busy

        assert ping.status_code == 200

    run_with_gate(tmp_path, scenario)


def test_a_client_that_left_is_not_computed(tmp_path: Path) -> None:
    async def scenario(harness: Harness, pool: GatedPool) -> None:
        async with harness.open_client() as client:
            busy = await occupy_lane(client, pool)
            runs_before = pool.runs
            left = asyncio.Event()
            gone = asyncio.create_task(call_and_leave(harness, left))
            await wait_for(lambda: harness.service.model.scheduler.pending == 1)

            left.set()
            await gone
            pool.open_gate()
            await busy

        assert harness.service.model.scheduler.pending == 0
        assert pool.runs == runs_before + 1
        assert harness.metric("complaints_rejected_total", reason="client_gone") == 1

    run_with_gate(tmp_path, scenario)


async def call_and_leave(harness: Harness, left: asyncio.Event) -> None:
    body = b'{"text": "my card"}'
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        """Nobody reads what is sent."""

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/invocations",
        "raw_path": b"/invocations",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("serving", 80),
    }
    await harness.app(scope, receive, send)


def test_draining_refuses_what_is_new_and_finishes_what_is_accepted(tmp_path: Path) -> None:
    async def scenario(harness: Harness, pool: GatedPool) -> None:
        async with harness.open_client() as client:
            accepted = await occupy_lane(client, pool)
            drained = asyncio.create_task(harness.service.drain(0, 20))
            await asyncio.sleep(0)

            refused = await client.post("/invocations", json=NARRATIVE)
            ping = await client.get("/ping")
            pool.open_gate()
            answer = await accepted
            await drained

        assert answer.status_code == 200
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "draining")
        assert refused.headers["connection"] == "close"
        assert ping.status_code == 503

    run_with_gate(tmp_path, scenario)


def test_what_a_drain_cannot_finish_is_answered_503(tmp_path: Path) -> None:
    async def scenario(harness: Harness, pool: GatedPool) -> None:
        async with harness.open_client() as client:
            accepted = await occupy_lane(client, pool)

            await harness.service.drain(0, 0.01)
            answer = await accepted

        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "draining")

    run_with_gate(tmp_path, scenario)


def test_a_runtime_that_fails_makes_the_worker_unready_until_it_answers_again(
    tmp_path: Path,
) -> None:
    pool = FakePool()

    async def scenario(harness: Harness) -> None:
        async with harness.open_client() as client:
            pool.is_failing = True
            failed = await client.post("/invocations", json=NARRATIVE)
            broken = await client.get("/ping")
            pool.is_failing = False
            await wait_for_ready(client)

        assert (failed.status_code, failed.json()["error"]["code"]) == (503, "inference_failed")
        assert broken.status_code == 503
        assert "SECRET" not in failed.text

    with serve_tiny_model(tmp_path, HarnessSpec(pool=pool)) as harness:
        asyncio.run(scenario(harness))


async def wait_for_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while (await client.get("/ping")).status_code != 200:
            await asyncio.sleep(0.01)


def test_bodies_under_way_may_hold_only_so_much_together(tmp_path: Path) -> None:
    body = BodyLimits(body_bytes=100_000, buffer_bytes=1_000, seconds=5)
    spec = HarnessSpec(limits=replace(LIMITS, body=body))

    with serve_tiny_model(tmp_path, spec) as harness:
        refused = harness.post(json={"text": "a" * 2_000})
        served = harness.post(json=NARRATIVE)

    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "memory")
    assert served.status_code == 200


def test_exact_repeats_come_from_the_cache_where_there_is_one(tmp_path: Path) -> None:
    pool = FakePool()
    capacity = replace(ONE_LANE, cache_entries=10)

    with serve_tiny_model(tmp_path, HarnessSpec(pool=pool, capacity=capacity)) as harness:
        runs_before = pool.runs
        first, second = harness.post(json=NARRATIVE), harness.post(json=NARRATIVE)

    assert first.json() == second.json()
    assert pool.runs == runs_before + 1
    assert harness.metric("complaints_cache_lookups_total", outcome="hit") == 1
