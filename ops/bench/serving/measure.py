"""The measurements, each of which gives rows of the table."""

from dataclasses import dataclass
from pathlib import Path

from ops.bench.serving.artifacts import SMALL
from ops.bench.serving.client import Order
from ops.bench.serving.drain import terminate_under_load
from ops.bench.serving.in_process import InProcess
from ops.bench.serving.load import send, send_all_served
from ops.bench.serving.peers import Peer, write_model
from ops.bench.serving.servers import (
    OURS,
    BenchError,
    Dialect,
    Server,
    serve_artifact,
    serve_flask_peer,
)
from ops.bench.serving.stats import Sample, median, percentile


@dataclass(frozen=True)
class Row:
    """One line of the table: a measured value against its bar."""

    name: str
    value: float
    bar: float
    higher_is_better: bool
    note: str = ""

    @property
    def is_reached(self) -> bool:
        return self.value >= self.bar if self.higher_is_better else self.value <= self.bar


@dataclass(frozen=True)
class Plan:
    """How much is measured. Rounds alternate, so that a noisy machine is noisy for both sides."""

    artifact: Path
    base_artifact: Path
    narratives: list[str]
    cores: int
    rounds: int
    clients: int
    deadline_seconds: float
    max_length: int
    terminations: int
    scratch: Path
    peers: tuple[Peer, ...] = ()


PATIENT = {"COMPLAINTS_DEADLINE_SECONDS": "60"}
"""Comparisons want every request answered, however slow the machine is."""


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
    return [
        Row("throughput / in-process", median(throughput_ratios), 0.90, True, f"{many}"),
        Row(
            "p50 of one client - in-process, ms",
            median(added_seconds) * 1e3,
            1.5,
            False,
            f"{single}",
        ),
    ]


def compare_with_original(plan: Plan) -> list[Row]:
    """Our artifact, and one with the original's own encoder size, against the original's design."""
    with serve_flask_peer() as peer:
        peer_many, peer_single = _send(peer, plan, plan.clients), _send(peer, plan, 1)
    rows = []
    for name, artifact, bar in (
        ("released artifact", plan.artifact, 10.0),
        ("base-size int8", plan.base_artifact, 5.0),
    ):
        with serve_artifact(artifact, **PATIENT) as server:
            many, single = _send(server, plan, plan.clients), _send(server, plan, 1)
        speed_up = many.per_second / peer_many.per_second
        note = f"{many.per_second:.1f}/s against {peer_many.per_second:.1f}/s"
        rows.append(Row(f"throughput / original's design, {name}", speed_up, bar, True, note))
        speed_up = peer_single.p50_seconds / single.p50_seconds
        note = f"{single.p50_seconds * 1e3:.1f} ms against {peer_single.p50_seconds * 1e3:.1f} ms"
        rows.append(Row(f"p50 of original's design / p50, {name}", speed_up, bar, True, note))
    return rows


def compare_with_peers(plan: Plan) -> list[Row]:
    """Servers that a user would pick instead, with an encoder as large; a ratio, no bar."""
    if not plan.peers:
        return []
    model = write_model(plan.scratch / "peer", SMALL, plan.max_length)
    with serve_artifact(plan.artifact, **PATIENT) as server:
        many, single = _send(server, plan, plan.clients), _send(server, plan, 1)
    rows = []
    for peer in plan.peers:
        try:
            with peer.serve(model, plan.scratch) as server:
                peer_many, peer_single = _send(server, plan, plan.clients), _send(server, plan, 1)
        except BenchError as error:
            rows.append(Row(f"throughput / {peer.name}", 0.0, 1.0, True, f"not run: {error}"))
            continue
        note = f"{many.per_second:.1f}/s against {peer_many.per_second:.1f}/s"
        ratio = many.per_second / peer_many.per_second
        rows.append(Row(f"throughput / {peer.name}", ratio, 1.0, True, note))
        note = f"{single.p50_seconds * 1e3:.1f} ms against {peer_single.p50_seconds * 1e3:.1f} ms"
        ratio = peer_single.p50_seconds / single.p50_seconds
        rows.append(Row(f"p50 of {peer.name} / p50", ratio, 1.0, True, note))
    return rows


def overload(plan: Plan) -> list[Row]:
    """Offer twice the peak, open loop."""
    environ = {"COMPLAINTS_DEADLINE_SECONDS": str(plan.deadline_seconds)}
    with serve_artifact(plan.artifact, **environ) as server:
        _send(server, plan, plan.clients)
        peak = _send(server, plan, plan.clients).per_second
        seconds = max(10.0, 5 * plan.deadline_seconds)
        requests = _requests(OURS, plan)
        count = int(2 * peak * seconds)
        bodies = [requests[number % len(requests)] for number in range(count)]
        report = send(Order(server.port, bodies, rate=2 * peak))
    served = report.latencies_seconds.get(200, [])
    refused = report.latencies_seconds.get(429, [])
    strange = {
        code: len(v) for code, v in report.latencies_seconds.items() if code not in (200, 429)
    }
    note = f"{len(served)} served, {len(refused)} refused, others {strange}; peak {peak:.1f}/s"
    share = len(served) / report.elapsed_seconds / peak
    return [
        Row("overload x2: served / peak", share, 0.90, True, note),
        Row("overload x2: refusals p99, ms", percentile(refused, 99) * 1e3, 20.0, False),
        Row(
            "overload x2: served p99, s",
            percentile(served, 99),
            plan.deadline_seconds,
            False,
            f"p50 {percentile(served, 50):.2f} s",
        ),
    ]


def start_and_memory(plan: Plan) -> list[Row]:
    """Start to ready, and the memory of a worker that has served every narrative."""
    ready = []
    for _ in range(plan.rounds):
        with serve_artifact(plan.artifact, **PATIENT) as server:
            ready.append(server.ready_seconds)
            _send(server, plan, plan.clients)
            memory = max(server.worker_memory_mebibytes())
    return [
        Row("start to ready, s", median(ready), 3.0, False),
        Row("memory of one worker, MiB", memory, 350.0, False),
    ]


def terminations(plan: Plan) -> list[Row]:
    """SIGTERM under full load."""
    report = terminate_under_load(plan.artifact, _requests(OURS, plan), plan.terminations)
    note = f"{dict(report.outcomes)}, exit codes {dict(report.exit_codes)}"
    name = f"SIGTERM x{plan.terminations}: accepted requests lost"
    return [Row(name, report.outcomes["lost"], 0, False, note)]


def _send(server: Server, plan: Plan, clients: int) -> Sample:
    bodies = _requests(server.dialect, plan)
    return send_all_served(Order(server.port, bodies, server.dialect.path, clients))


def _requests(dialect: Dialect, plan: Plan) -> list[str]:
    return [dialect.request(narrative) for narrative in plan.narratives]
