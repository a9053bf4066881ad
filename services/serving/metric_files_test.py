"""The metrics client chooses its files when it is imported: each worker here is a process."""

import os
import subprocess
import sys
from pathlib import Path

from services.serving.metric_files import archive_dead_worker, scrape

REPOSITORY = Path(__file__).parents[2]
WORKER = """
import os
from prometheus_client import CollectorRegistry
from services.serving.metrics import ServingMetrics
metrics = ServingMetrics(CollectorRegistry())
metrics.in_flight.inc()
metrics.answered("/ping", 200, 0.004)
print(os.getpid())
"""


def run_worker(directory: Path) -> int:
    result = subprocess.run(
        [sys.executable, "-c", WORKER],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PROMETHEUS_MULTIPROC_DIR": str(directory),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return int(result.stdout)


def test_dead_workers_counts_stay_and_their_files_and_gauges_go(tmp_path: Path) -> None:
    pids = [run_worker(tmp_path) for _ in range(3)]

    for pid in pids[:2]:
        archive_dead_worker(tmp_path, pid)
    text = scrape(tmp_path).decode()

    assert 'complaints_requests_total{code="200",route="/ping"} 3.0' in text
    assert 'complaints_request_seconds_bucket{le="0.005",route="/ping"} 3.0' in text
    assert "complaints_in_flight 1.0" in text
    assert sorted(path.name for path in tmp_path.glob("counter_*")) == sorted(
        ["counter_dead.db", f"counter_{pids[2]}.db"]
    )


def test_a_worker_that_left_no_file_is_no_problem(tmp_path: Path) -> None:
    archive_dead_worker(tmp_path, 4711)

    assert list(tmp_path.iterdir()) == []
