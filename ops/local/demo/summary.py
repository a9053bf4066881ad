"""What a run of the demo came to: for people as a table, for machines as JSON."""

from dataclasses import asdict, dataclass
from typing import Any

import msgspec
from rich.table import Table

from ops.local.demo.retraining import Retraining


@dataclass(frozen=True)
class Summary:
    """Facts of one finished run; places are absolute paths, times are seconds."""

    sent: int
    logged: int
    rejected: int
    repeats_in_log: int
    accuracy_against_given_labels: float | None
    throughput_per_second: float
    latency_p50_seconds: float | None
    latency_p95_seconds: float | None
    labels: dict[str, int]
    waiting_for_review: int
    reviews_filled: int
    decision: str
    decision_reason: str
    retraining: Retraining | None
    seconds: float
    places: dict[str, str]

    def to_json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(asdict(self)), indent=2)


def summary_table(summary: Summary) -> Table:
    """Return the summary, without its places, as a table for a terminal."""
    table = Table(title="What happened", title_justify="left", show_header=False, min_width=60)
    for name, value in _rows(summary):
        table.add_row(name, value)
    return table


def _rows(summary: Summary) -> list[tuple[str, str]]:
    return [
        ("complaints on the stream", str(summary.sent)),
        ("in the log, each exactly once", str(summary.logged)),
        ("rejected, kept whole", str(summary.rejected)),
        ("repeats that readers drop", str(summary.repeats_in_log)),
        ("agreement with the given labels", _percent(summary.accuracy_against_given_labels)),
        ("throughput", f"{summary.throughput_per_second:.1f} complaints/s"),
        ("end-to-end latency p50, p95", _latencies(summary)),
        ("waiting for review", str(summary.waiting_for_review)),
        ("reviews filled", str(summary.reviews_filled)),
        ("the agent's decision", summary.decision),
        ("because", summary.decision_reason),
        *_retraining_rows(summary.retraining),
        ("time in all", f"{summary.seconds:.0f} s"),
    ]


def _retraining_rows(retraining: Retraining | None) -> list[tuple[str, str]]:
    if retraining is None:
        return []
    change = "promoted" if retraining.is_promoted else "stays"
    champion = f"{retraining.champion_version} ({retraining.champion_digest[:12]}) {change}"
    return [
        ("the candidate", retraining.verdict),
        ("champion", champion),
        *((f"answered by {digest[:12]}", str(n)) for digest, n in retraining.answered_by.items()),
    ]


def _percent(share: Any) -> str:
    return "-" if share is None else f"{share:.1%}"


def _latencies(summary: Summary) -> str:
    if summary.latency_p50_seconds is None or summary.latency_p95_seconds is None:
        return "-"
    return (
        f"{summary.latency_p50_seconds * 1000:.0f} ms, {summary.latency_p95_seconds * 1000:.0f} ms"
    )
