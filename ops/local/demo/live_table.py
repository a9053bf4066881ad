"""The live table: what a running stream looks like on a terminal."""

from dataclasses import dataclass

from rich.table import Table

from libs.labels.schema import LABEL_SCHEMA
from ops.local.demo.stats import StreamStats


@dataclass(frozen=True)
class Progress:
    """Where the stream stands."""

    sent: int
    wanted: int
    rejected: int
    now: float


def live_table(stats: StreamStats, progress: Progress) -> Table:
    """Return the table of this moment."""
    table = Table(title="Complaints", title_justify="left", show_header=False, min_width=60)
    table.add_column("what", style="bold")
    table.add_column("value", justify="right")
    table.add_row("put on the stream", f"{progress.sent} of {progress.wanted}")
    table.add_row("classified and logged", f"{stats.logged}")
    table.add_row("rejected", f"{progress.rejected}")
    table.add_row("throughput", f"{stats.throughput(progress.now):.1f} complaints/s")
    table.add_row("end-to-end latency p50", _milliseconds(stats.latency_quantile(50)))
    table.add_row("end-to-end latency p95", _milliseconds(stats.latency_quantile(95)))
    table.add_row("waiting for review", f"{len(stats.waiting)}", end_section=True)
    for name, display_name in zip(LABEL_SCHEMA.names, LABEL_SCHEMA.display_names, strict=True):
        table.add_row(display_name, _share(stats.labels[name], stats.logged))
    return table


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f} ms"


def _share(count: int, total: int) -> str:
    return f"{count} ({count / total:.0%})" if total else "0"
