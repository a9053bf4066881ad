"""The consumer in real processes: its runtime client, its log, its command line, and kill -9."""

import json
import random
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from ops.local.cloud.processes import Processes
from services.stream_consumer.testing.records import aggregated, complaint_event, compressed
from tests.chaos.scene import LocalCloud, Scene
from tests.chaos.victims import kill_function

RESILIENT = ("--batch-size", "20", "--bisect", "--retries", "10")
_numbers = count(1)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with Processes(tmp_path_factory.mktemp("logs")) as processes:
        cloud = LocalCloud(processes, tmp_path_factory.mktemp("cloud"))
        yield cloud
        cloud.close()


@pytest.fixture
def scene(local: LocalCloud, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(local, tmp_path, f"complaints-{next(_numbers)}")
    yield scene
    scene.close()


def good(first: int, count: int) -> dict[str, bytes]:
    return {f"c-{n}": complaint_event(n).to_json() for n in range(first, first + count)}


def complaint_ids(scene: Scene) -> list[str]:
    return sorted(row.complaint_id for row in scene.rows())


def test_every_kind_of_record_finds_its_place(scene: Scene) -> None:
    packed = aggregated([("c-1", complaint_event(1).to_json()), ("bad", b"junk")])
    scene.put(good(10, 5))
    scene.put({"packed": packed, "gzip": compressed(complaint_event(2).to_json()), "bad": b"{}"})
    scene.put({"poison": complaint_event(3, "poison").to_json()})

    mapping = scene.start_mapping()
    scene.wait_until(lambda: len(scene.rows()) == 7 and len(scene.rejected()) == 3, mapping)

    assert complaint_ids(scene) == sorted(f"c-{n}" for n in (1, 2, *range(10, 15)))
    assert sorted(record.data for record in scene.rejected())[::2] == [b"junk", b"{}"]
    assert {row.trace_id for row in scene.rows()} >= {"t-1", "t-2", "t-10"}
    assert "attributes trace_id=1-" in scene.local.container.tail()


def test_a_poison_record_holds_up_nobody(scene: Scene) -> None:
    records = good(0, 40) | {"c-20": complaint_event(20, "indigestible").to_json()}
    scene.put(records)

    mapping = scene.start_mapping()
    scene.wait_until(lambda: len(scene.rows()) == 39, mapping)

    assert [record.partition_key for record in scene.rejected()] == ["c-20"]
    assert scene.status()["totals"].get("records_discarded", 0) == 0


def test_kills_of_every_part_lose_and_double_nothing(scene: Scene) -> None:
    victims = ["function", "poller", "container", "endpoint", "cloud"] * 2
    random.Random(20260102).shuffle(victims)
    mapping = scene.start_mapping(*RESILIENT)
    for turn, victim in enumerate(victims):
        scene.put(good(turn * 50, 50))
        if victim == "function":
            scene.wait_until(partial(kill_function, mapping), mapping)
        elif victim == "poller":
            mapping.kill()
            mapping = scene.start_mapping(*RESILIENT)
        else:
            scene.local.restart(victim)

    scene.wait_until(lambda: len(scene.rows()) == 500, mapping)

    assert complaint_ids(scene) == sorted(f"c-{n}" for n in range(500))


def test_what_lambda_gave_up_is_redriven_once_the_endpoint_is_back(scene: Scene) -> None:
    scene.local.container.kill()
    scene.put(good(0, 10))
    mapping = scene.start_mapping("--retries", "0")
    scene.wait_until(
        lambda: scene.status()["totals"].get("records_discarded", 0) == 10, mapping, seconds=90
    )
    scene.local.container = scene.local.start_container()

    answer = scene.run("redrive", "--queue-url", scene.queue_url, "--json")

    assert answer.exit_code == 0, answer.stderr
    assert sum(batch["logged"] for batch in json.loads(answer.stdout)["batches"]) == 10
    assert complaint_ids(scene) == sorted(f"c-{n}" for n in range(10))


def test_a_row_is_replayed_and_the_log_compacted_twice_to_the_same(scene: Scene) -> None:
    scene.put(good(0, 10))
    mapping = scene.start_mapping()
    scene.wait_until(lambda: len(scene.rows()) == 10, mapping)
    row = scene.rows()[0]
    day = next(iter(scene.objects("predictions/"))).partition("dt=")[2][:10]

    replayed = scene.run("replay", row.event_id, "--day", day, "--stream", scene.stream)
    first = scene.run("compact", "--since", day, "--json")
    second = scene.run("compact", "--since", day, "--json")

    assert replayed.stdout == "1 of 1 rows give the same answer\n", replayed.stderr
    assert json.loads(first.stdout)["changed"] == ["compacted/dt=2026-01-02/predictions.parquet"]
    assert json.loads(second.stdout)["changed"] == []


def test_the_command_line_says_in_one_sentence_what_is_wrong(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("not,a,log\n")

    broken = scene.run("replay", "--csv", str(tmp_path / "log.csv"))
    absent = scene.run("replay", "shard:1", "--day", "2026-01-02")

    assert (broken.exit_code, absent.exit_code) == (2, 2)
    assert "log.csv: the header" in broken.stderr
    assert absent.stderr == "stream_consumer: shard:1: no row under predictions/dt=2026-01-02/\n"
