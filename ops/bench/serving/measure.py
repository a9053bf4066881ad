"""The measurements, each of which gives rows of the table."""

from collections.abc import Callable
from dataclasses import dataclass

from ops.bench.serving.artifacts import BASE, SMALL
from ops.bench.serving.client import Order
from ops.bench.serving.drain import terminate_under_load
from ops.bench.serving.flask_peer import MAX_LENGTH as ORIGINAL_MAX_LENGTH
from ops.bench.serving.in_process import InProcess
from ops.bench.serving.load import send, send_all_served
from ops.bench.serving.peers import PEERS, write_model
from ops.bench.serving.plan import Plan
from ops.bench.serving.rows import Row, at_least, at_most
from ops.bench.serving.servers import (
    OURS,
    BenchError,
    Dialect,
    Server,
    serve_artifact,
    serve_flask_peer,
)
from ops.bench.serving.stats import Sample, median, percentile

PATIENT = {"COMPLAINTS_DEADLINE_SECONDS": "60"}
"""Comparisons want every request answered, however slow the machine is."""


@dataclass(frozen=True)
class Speed:
    """What a server did for many clients, and for one."""

    many: Sample
    single: Sample

    def times_faster(self, other: "Speed") -> tuple[tuple[float, str], tuple[float, str]]:
        """Return throughput and p50 as multiples of `other`'s, each with its two figures."""
        many, single = self.many.per_second, self.single.p50_seconds
        other_many, other_single = other.many.per_second, other.single.p50_seconds
        return (
            (many / other_many, f"{many:.1f}/s against {other_many:.1f}/s"),
            (other_single / single, f"{single * 1e3:.1f} ms against {other_single * 1e3:.1f} ms"),
        )


def compare_with_in_process(plan: Plan) -> list[Row]:
    """HTTP against direct calls, with the best thread set-up for each of the two questions."""
    direct = InProcess(plan.artifact, plan.cores)
    many, _ = direct.best(direct.many, plan.narratives, lambda sample: sample.per_second)
    single, _ = direct.best(direct.single, plan.narratives, lambda sample: -sample.p50_seconds)
    throughput_ratios, added_seconds = [], []
    with serve_artifact(plan.artifact, **PATIENT) as server:
        _send(server, plan, plan.clients)
        for _ in range(plan.rounds):
            bar = direct.run(many, plan.narratives)
            throughput_ratios.append(_send(server, plan, plan.clients).per_second / bar.per_second)
            bar = direct.run(single, plan.narratives)
            added_seconds.append(_send(server, plan, 1).p50_seconds - bar.p50_seconds)
    added = median(added_seconds) * 1e3
    return [
        at_least("throughput / in-process", median(throughput_ratios), 0.90, f"{many}"),
        at_most("p50 of one client - in-process, ms", added, 1.5, f"{single}"),
    ]


def compare_with_original(plan: Plan) -> list[Row]:
    """Our artifact, and the original's own encoder and limit, against its design.

    Its encoder reads what the released one reads, and once more every token that the original does.
    """
    with serve_flask_peer() as peer:
        original = _speed(peer, plan)
    own = f"its encoder in int8, {ORIGINAL_MAX_LENGTH} tokens"
    rows = []
    for name, artifact, bar in (
        ("released artifact", plan.artifact, 10.0),
        (f"{own} of content words", plan.built(BASE, ORIGINAL_MAX_LENGTH, "content_words"), 5.0),
        (f"{own} of everything, as it", plan.built(BASE, ORIGINAL_MAX_LENGTH), 5.0),
    ):
        with serve_artifact(artifact, **PATIENT) as server:
            many, single = _speed(server, plan).times_faster(original)
        rows.append(at_least(f"throughput / original's design: {name}", many[0], bar, many[1]))
        rows.append(at_least(f"p50 of original's design / p50: {name}", single[0], bar, single[1]))
    return rows


def compare_with_peers(plan: Plan) -> list[Row]:
    """Servers that a user would pick instead, on the same weights; a ratio, no bar."""
    installed = {peer.name: peer for peer in plan.peers}
    rows = [
        Row(f"against {name}", None, None, True, f"no environment given: --peer {name} FOLDER")
        for name in PEERS
        if name not in installed
    ]
    if not installed:
        return rows
    model = write_model(plan.scratch / "peer", SMALL, plan.max_length)
    with serve_artifact(plan.built(SMALL, plan.max_length), **PATIENT) as server:
        ours = _speed(server, plan)
    for peer in plan.peers:
        try:
            with peer.serve(model, plan.scratch) as server:
                many, single = ours.times_faster(_speed(server, plan))
        except BenchError as error:
            rows.append(Row(f"against {peer.name}", None, None, True, str(error)))
            continue
        rows.append(Row(f"throughput / {peer.name}", many[0], None, True, many[1]))
        rows.append(Row(f"p50 of {peer.name} / p50", single[0], None, True, single[1]))
    return rows


def overload(plan: Plan) -> list[Row]:
    """Offer twice the peak, open loop."""
    environ = {"COMPLAINTS_DEADLINE_SECONDS": str(plan.deadline_seconds)}
    with serve_artifact(plan.artifact, **environ) as server:
        requests = _requests(OURS, plan)
        send(Order(server.port, requests, clients=plan.clients))
        closed = send(Order(server.port, requests, clients=plan.clients))
        # A stall of the machine may have some refused here already: peak is what was served.
        peak = len(closed.latencies_seconds[200]) / closed.elapsed_seconds
        count = int(2 * peak * max(10.0, 5 * plan.deadline_seconds))
        bodies = [requests[number % len(requests)] for number in range(count)]
        report = send(Order(server.port, bodies, rate=2 * peak))
    latencies = dict(report.latencies_seconds)
    served, refused = latencies.pop(200, []), latencies.pop(429, [])
    others = {code: len(seconds) for code, seconds in latencies.items()}
    late = f"p50 {percentile(refused, 50) * 1e3:.1f} ms; the client itself was late by "
    late += f"{percentile(report.lags_seconds, 99) * 1e3:.1f} ms at p99"
    served_share = len(served) / report.elapsed_seconds / peak
    amounts = f"{len(served)} served, {len(refused)} refused, others {others}; peak {peak:.1f}/s"
    p50 = f"p50 {percentile(served, 50):.2f} s"
    return [
        at_least("overload x2: served / peak", served_share, 0.90, amounts),
        at_most("overload x2: refusals p99, ms", percentile(refused, 99) * 1e3, 20.0, late),
        at_most("overload x2: served p99, s", percentile(served, 99), plan.deadline_seconds, p50),
        at_most("overload x2: answers but 200 and 429", sum(others.values()), 0, f"{others}"),
    ]


def start_and_memory(plan: Plan) -> list[Row]:
    """Start to ready, and the memory of a worker that has served every narrative."""
    ready, memory = [], []
    for _ in range(plan.rounds):
        with serve_artifact(plan.archive, **PATIENT) as server:
            ready.append(server.ready_seconds)
            _send(server, plan, plan.clients)
            memory.append(max(server.worker_memory_mebibytes()))
    return [
        at_most("start to ready, s", median(ready), 3.0, f"worst {max(ready):.2f}"),
        at_most("memory of one worker, MiB", max(memory), 350.0),
    ]


def terminations(plan: Plan) -> list[Row]:
    """SIGTERM under full load."""
    report = terminate_under_load(plan.artifact, _requests(OURS, plan), plan.terminations)
    note = f"{dict(report.outcomes)}, exit codes {dict(report.exit_codes)}"
    lost = report.outcomes["lost"]
    return [at_most(f"SIGTERM x{plan.terminations}: accepted requests lost", lost, 0, note)]


MEASUREMENTS: dict[str, Callable[[Plan], list[Row]]] = {
    "in-process": compare_with_in_process,
    "original": compare_with_original,
    "overload": overload,
    "start": start_and_memory,
    "sigterm": terminations,
    "peers": compare_with_peers,
}


def _speed(server: Server, plan: Plan) -> Speed:
    _send(server, plan, plan.clients)
    return Speed(_send(server, plan, plan.clients), _send(server, plan, 1))


def _send(server: Server, plan: Plan, clients: int) -> Sample:
    bodies = _requests(server.dialect, plan)
    return send_all_served(Order(server.port, bodies, server.dialect.path, clients))


def _requests(dialect: Dialect, plan: Plan) -> list[str]:
    return [dialect.request(narrative) for narrative in plan.narratives]
