"""A drain during which every part is killed, again and again, in an order drawn from a seed."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from libs.events.prediction_log import first_decisions
from ops.bench.consumer.scene import Scene, open_scene
from ops.bench.serving.servers import BenchError
from ops.local.cloud.processes import Child
from tests.chaos.victims import kill_function

PARTS = ("consumer", "poller", "serving", "endpoint", "cloud")
ROUNDS = 2
_BATCH_SIZE = 50
_PATIENCE_SECONDS = 180.0


@dataclass(frozen=True)
class Kills:
    """What was killed, and what the log holds in the end; `repeats` are dropped by its reader."""

    seed: int
    killed: list[str]
    complaints: int
    logged_once: int
    repeats: int


def drain_under_kills(
    artifact: Path, folder: Path, narratives: Sequence[str], seed: int, progress: Progress
) -> Kills:
    """Put a share of the narratives before each kill, and wait until the log holds them all."""
    dice = random.Random(seed)
    killed = list(PARTS) * ROUNDS
    dice.shuffle(killed)
    share = -(-len(narratives) // len(killed))
    with open_scene(artifact, folder) as scene:
        mapping = scene.start_mapping(_BATCH_SIZE)
        for turn, part in enumerate(progress.track(killed, description="kills")):
            scene.put(narratives[turn * share : (turn + 1) * share], first=turn * share)
            time.sleep(dice.uniform(0.1, 1.5))
            mapping = _kill(part, scene, mapping)
        _wait(lambda: len({row.complaint_id for row in scene.rows()}) == len(narratives), mapping)
        mapping.stop()
        rows = scene.rows()
    counted = [row.complaint_id for row in first_decisions(rows)]
    once = sum(counted.count(f"c-{number}") == 1 for number in range(len(narratives)))
    return Kills(seed, killed, len(narratives), once, len(rows) - len(counted))


def _kill(part: str, scene: Scene, mapping: Child) -> Child:
    """Kill one part and start it again; return the mapping that now runs."""
    if part == "consumer":
        _wait(lambda: kill_function(mapping), mapping)
    elif part == "poller":
        mapping.kill()
        return scene.start_mapping(_BATCH_SIZE)
    elif part == "serving":
        scene.restart_serving()
    elif part == "endpoint":
        scene.restart_endpoint()
    else:
        scene.restart_cloud()
    return mapping


def _wait(is_so: Callable[[], bool], mapping: Child) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        if mapping.wait(0.2) is not None or time.monotonic() > deadline:
            raise BenchError(f"the log is not complete: {mapping.tail()[-500:]}")
