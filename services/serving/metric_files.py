"""Metrics of several worker processes as one: each writes files, any of them can read all.

Dead workers' counters are added to one file, so that sums never fall and files do not pile up.
"""

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

_ARCHIVE_ID = "dead"
_SCRAPE_ATTEMPTS = 5


def scrape(directory: Path) -> bytes:
    """Return the sum of all workers' metrics in Prometheus' text format."""
    for _ in range(_SCRAPE_ATTEMPTS - 1):
        try:
            return _collect(directory)
        except FileNotFoundError:  # a worker died and its file was archived meanwhile
            continue
    return _collect(directory)


def archive_dead_worker(directory: Path, pid: int) -> None:
    """Add the counters and histograms of a dead worker to the archive; forget its gauges."""
    for kind in ("counter", "histogram"):
        worker_file = directory / f"{kind}_{pid}.db"
        if worker_file.exists():
            _add_to_archive(directory / f"{kind}_{_ARCHIVE_ID}.db", worker_file)
    for gauge_file in directory.glob(f"gauge_live*_{pid}.db"):
        gauge_file.unlink()


def _collect(directory: Path) -> bytes:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(directory))  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _add_to_archive(archive: Path, worker_file: Path) -> None:
    totals: dict[str, float] = {}
    for path in (archive, worker_file):
        for key, value in _read(path):
            totals[key] = totals.get(key, 0.0) + value
    fresh = archive.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    content = MmapedDict(str(fresh))  # type: ignore[no-untyped-call]
    for key, value in totals.items():
        content.write_value(key, value, 0.0)  # type: ignore[no-untyped-call]
    content.close()  # type: ignore[no-untyped-call]
    worker_file.unlink()
    fresh.replace(archive)


def _read(path: Path) -> Iterable[tuple[str, float]]:
    if not path.exists():
        return []
    values = MmapedDict.read_all_values_from_file(str(path))  # type: ignore[no-untyped-call]
    return [(key, value) for key, value, *_ in values]
