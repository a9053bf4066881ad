"""Draining a stream at the endpoint's own speed, and the time from stream to log at half load."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from libs.metrics.contract import END_TO_END_SECONDS
from ops.bench.consumer.endpoint_speed import endpoint_per_second
from ops.bench.consumer.scene import Scene, open_scene
from ops.bench.serving.servers import BenchError
from ops.bench.serving.stats import percentile

_PROBE = 1_000
_TICK_SECONDS = 0.05


@dataclass(frozen=True)
class Drained:
    """Narratives a second through everything, and by the endpoint alone before and after."""

    per_second: float
    endpoint_before: float
    endpoint_after: float

    @property
    def share(self) -> float:
        """Return the drain's speed as a share of the endpoint's."""
        return self.per_second / ((self.endpoint_before + self.endpoint_after) / 2)


@dataclass(frozen=True)
class Delays:
    """Seconds from received_at to logged at half load."""

    rate: float
    count: int
    p50_seconds: float
    p95_seconds: float
    p99_seconds: float


def drain(artifact: Path, folder: Path, narratives: Sequence[str], progress: Progress) -> Drained:
    """Fill the stream, then let the consumer empty it; every record has to be in the log once."""
    with open_scene(artifact, folder) as scene:
        probe = narratives[:: max(len(narratives) // _PROBE, 1)]
        before = endpoint_per_second(scene.serving_port, probe)
        scene.put(narratives)
        began_at = time.perf_counter()
        mapping = scene.start_mapping(batch_size=200)
        scene.wait_until_settled(len(narratives), mapping, progress)
        seconds = time.perf_counter() - began_at
        mapping.stop()
        after = endpoint_per_second(scene.serving_port, probe)
        _check(scene, len(narratives))
    return Drained(len(narratives) / seconds, before, after)


def delays_at_half_load(
    artifact: Path, folder: Path, narratives: Sequence[str], seconds: float, progress: Progress
) -> Delays:
    """Put complaints on the stream at half the endpoint's speed, in an open loop."""
    with open_scene(artifact, folder) as scene:
        rate = endpoint_per_second(scene.serving_port, narratives[:_PROBE]) / 2
        mapping = scene.start_mapping(batch_size=100)
        scene.put(narratives[:1])
        scene.wait_until_settled(1, mapping, progress)
        count = _produce(scene, narratives, rate, seconds)
        scene.wait_until_settled(count, mapping, progress)
        mapping.stop()
        _check(scene, count)
        values = [
            value for line in scene.log_lines() for value in line.get(END_TO_END_SECONDS.name, [])
        ]
    measured = values[1:]  # The first one waited for the cold start.
    return Delays(rate, len(measured), *(percentile(measured, percent) for percent in (50, 95, 99)))


def _produce(scene: Scene, narratives: Sequence[str], rate: float, seconds: float) -> int:
    """Return how many complaints are on the stream in the end, the first one included."""
    began_at, sent = time.perf_counter(), 1
    while (elapsed := time.perf_counter() - began_at) < seconds:
        due = min(1 + int(elapsed * rate), len(narratives))
        if due > sent:
            scene.put(narratives[sent:due], first=sent)
            sent = due
        time.sleep(_TICK_SECONDS)
    return sent


def _check(scene: Scene, count: int) -> None:
    event_ids = [row.complaint_id for row in scene.rows()]
    if len(event_ids) != count or len(set(event_ids)) != count:
        raise BenchError(
            f"{count} complaints, {len(event_ids)} rows, {len(set(event_ids))} of them different"
        )
