"""Each measurement beside the bar that it is held to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from ops.bench.consumer.calls import POISONS, endpoint_calls, poison_batch
from ops.bench.consumer.cold_start import measure_package
from ops.bench.consumer.drain import delays_at_half_load, drain
from ops.bench.consumer.inputs import Inputs
from ops.bench.consumer.kills import drain_under_kills
from ops.bench.consumer.narratives import median_narratives
from ops.bench.consumer.redaction import score
from ops.bench.consumer.redaction_set import draw_samples
from ops.bench.consumer.report import Row
from ops.bench.consumer.schedules import run_schedules
from ops.bench.serving.servers import BenchError

MAX_ZIP_BYTES, MAX_COLD_START_SECONDS = 5_000_000, 0.4
MAX_CALLS, MIN_DRAIN_SHARE, MAX_DELAY_SECONDS = 4, 0.85, 1.0
MIN_REDACTION = 0.98
COLD_STARTS, REDACTION_SAMPLES, KILL_SHARE, SEED = 15, 20_000, 0.1, 20260102


def schedules(inputs: Inputs) -> list[Row]:
    """Run the fault schedules."""
    result = run_schedules(inputs.schedules)
    good = result.count - len(result.failed_seeds)
    measured = f"{good:,} of {result.count:,} hold ({result.records:,} records)"
    bar = f"{inputs.schedules:,} hold: none lost, none twice"
    return [Row("fault schedules", bar, measured, not result.failed_seeds, asdict(result))]


def poison(inputs: Inputs) -> list[Row]:
    """Consume one batch with each kind of poison record in it."""
    results = [poison_batch(kind, inputs.narratives(100)) for kind in POISONS]
    good = sum(result.is_harmless for result in results)
    measured = f"{good} of {len(results)} kinds, all others of the batch logged"
    facts = {"kinds": [asdict(result) for result in results]}
    bar = "isolated; next record logged within 1 batch"
    return [Row("poison record", bar, measured, good == len(results), facts)]


def drained(inputs: Inputs) -> list[Row]:
    """Drain a full stream and compare with the endpoint's own speed in the same run."""
    narratives = inputs.narratives(inputs.count)
    result = drain(inputs.artifact, inputs.subfolder("drain"), narratives, inputs.progress)
    measured = f"{result.share:.3f} ({result.per_second:.1f} a second)"
    is_reached = result.share >= MIN_DRAIN_SHARE
    facts = {**asdict(result), "share": result.share, "count": inputs.count}
    bar = f">= {MIN_DRAIN_SHARE} of the endpoint's own speed"
    return [Row(f"drain of {inputs.count:,}", bar, measured, is_reached, facts)]


def delay(inputs: Inputs) -> list[Row]:
    """Measure the time from the stream to the log at half load."""
    folder, seconds = inputs.subfolder("delay"), inputs.delay_seconds
    result = delays_at_half_load(
        inputs.artifact, folder, inputs.narratives(20_000), seconds, inputs.progress
    )
    measured = f"p95 {result.p95_seconds:.3f} s of {result.count:,} at {result.rate:.1f} a second"
    is_reached = result.count > 0 and result.p95_seconds <= MAX_DELAY_SECONDS
    bar = f"p95 <= {MAX_DELAY_SECONDS:g} s"
    return [Row("put -> in the log, half load", bar, measured, is_reached, asdict(result))]


def calls(inputs: Inputs) -> list[Row]:
    """Count the endpoint calls of a batch."""
    count = endpoint_calls(median_narratives(inputs.narratives(5_000), 100))
    what, bar = "endpoint calls for 100 median narratives", f"<= {MAX_CALLS}"
    return [Row(what, bar, str(count), count <= MAX_CALLS, {"calls": count})]


def package(inputs: Inputs) -> list[Row]:
    """Weigh the packaged function and start it under the runtime client."""
    if not inputs.package.exists():
        raise BenchError(
            f"{inputs.package} is not there: ./pants package services/stream_consumer:lambda"
        )
    result = measure_package(inputs.package, inputs.subfolder("package"), COLD_STARTS)
    size, seconds = result.size_bytes, result.median_seconds
    starts = f"median {seconds:.3f} s of {COLD_STARTS}"
    is_quick = seconds <= MAX_COLD_START_SECONDS
    return [
        Row("zip", f"<= {MAX_ZIP_BYTES:,} bytes", f"{size:,} bytes", size <= MAX_ZIP_BYTES),
        Row("cold start", f"<= {MAX_COLD_START_SECONDS} s", starts, is_quick, asdict(result)),
    ]


def kills(inputs: Inputs) -> list[Row]:
    """Kill every part during a drain."""
    narratives = inputs.narratives(max(int(inputs.count * KILL_SHARE), 20))
    folder = inputs.subfolder("kills")
    result = drain_under_kills(inputs.artifact, folder, narratives, SEED, inputs.progress)
    once = f"{result.logged_once:,} of {result.complaints:,} once"
    measured = f"{once} after {len(result.killed)} kills ({result.repeats} repeats dropped)"
    is_reached = result.logged_once == result.complaints
    return [Row("kill -9 during the drain", "all once", measured, is_reached, asdict(result))]


def redaction(inputs: Inputs) -> list[Row]:
    """Redact a generated set."""
    result = score(draw_samples(REDACTION_SAMPLES, SEED))
    recalls = {kind: result.recall(kind) for kind in sorted(result.identifiers)}
    lowest = min(recalls, key=lambda kind: recalls[kind])
    measured = f"{result.precision:.4f}; recall {recalls[lowest]:.4f} ({lowest}) at least"
    is_reached = min(result.precision, recalls[lowest]) >= MIN_REDACTION
    facts = {
        "precision": result.precision,
        "recall": recalls,
        "identifiers": result.identifiers.total(),
        "lookalikes": result.lookalikes,
        "examples": result.examples[:20],
    }
    bar = f"precision and recall by kind >= {MIN_REDACTION}"
    return [Row("redaction", bar, measured, is_reached, facts)]


SUITE: Mapping[str, Callable[[Inputs], Sequence[Row]]] = {
    "schedules": schedules,
    "poison": poison,
    "calls": calls,
    "package": package,
    "redaction": redaction,
    "drain": drained,
    "delay": delay,
    "kills": kills,
}
