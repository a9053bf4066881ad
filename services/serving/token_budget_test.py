"""The way narratives go on a GPU, with the CPU provider standing in: shared, padded runs."""

import asyncio
from pathlib import Path

import httpx
import pytest

from services.serving.pool_spec import PoolSpec
from services.serving.predict import Patience
from services.serving.service import Capacity
from services.serving.testing.harness import Harness, HarnessSpec, serve_tiny_model

NARRATIVES = [" ".join(["the bank charged my card"] * words) for words in (1, 4, 2, 6, 3, 5)]
BATCHES = HarnessSpec(
    pool_spec=PoolSpec(cores=1, batch_tokens=64),
    capacity=Capacity(lanes=1, queue_items=100, items_per_run=64, patience=Patience(20, 20)),
)


def scores(answer: httpx.Response) -> list[dict[str, float]]:
    return [prediction["scores"] for prediction in answer.json()["predictions"]]


def ask(harness: Harness, *batches: list[str]) -> list[httpx.Response]:
    """Send all `batches` at the same time."""

    async def send() -> list[httpx.Response]:
        async with harness.open_client() as client:
            bodies = [{"instances": [{"text": text} for text in batch]} for batch in batches]
            return await asyncio.gather(
                *(client.post("/invocations", json=body) for body in bodies)
            )

    return asyncio.run(send())


def test_requests_that_share_padded_runs_get_the_answers_of_lone_ones(tmp_path: Path) -> None:
    with serve_tiny_model(tmp_path) as alone:
        expected = scores(ask(alone, NARRATIVES)[0])

    with serve_tiny_model(tmp_path, BATCHES) as together:
        answers = ask(together, *([text] for text in NARRATIVES), NARRATIVES)

    assert [answer.status_code for answer in answers] == [200] * 7
    got = [scores(answer)[0] for answer in answers[:-1]]
    for one, shared, lone in zip(got, scores(answers[-1]), expected, strict=True):
        assert one == pytest.approx(lone, abs=1e-5)
        assert shared == pytest.approx(lone, abs=1e-5)


def test_a_bad_item_in_a_shared_run_spoils_no_other(tmp_path: Path) -> None:
    with serve_tiny_model(tmp_path, BATCHES) as harness:
        (answer,) = ask(harness, ["my card", " ", "my loan"])

    kinds = ["error" if "error" in item else "label" for item in answer.json()["predictions"]]
    assert kinds == ["label", "error", "label"]
