"""Runs the load generator in a process of its own: it shares no interpreter with anything."""

import json
import os
import subprocess
import sys
from dataclasses import asdict

from ops.bench.serving.client import Order, Report
from ops.bench.serving.servers import BenchError
from ops.bench.serving.stats import Sample


def send(order: Order) -> Report:
    """Carry out `order`."""
    result = subprocess.run(
        [sys.executable, "-m", "ops.bench.serving.client"],
        input=json.dumps(asdict(order)),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    document = json.loads(result.stdout)
    latencies = {int(status): values for status, values in document["latencies_seconds"].items()}
    return Report(document["elapsed_seconds"], latencies, document["lags_seconds"])


def send_all_served(order: Order) -> Sample:
    """Carry out a closed-loop `order`; raises BenchError when anything but 200 comes back."""
    report = send(order)
    if set(report.latencies_seconds) != {200}:
        raise BenchError(f"expected nothing but 200, got {sorted(report.latencies_seconds)}")
    return Sample(report.latencies_seconds[200], report.elapsed_seconds)
