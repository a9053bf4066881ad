"""Starts the installed Prometheus and Pushgateway against services on this machine.

Knows the committed rules and the jobs to scrape, not what runs behind them.
"""

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ops.local.cloud.errors import LocalCloudError
from ops.local.cloud.processes import LOOPBACK, Child, Processes, ProcessSpec, free_port

RULES = Path(__file__).parents[2] / "monitoring" / "rules"
SCRAPE_SECONDS = 1
SERVING_TARGETS = "serving.json"
PROGRAMS = ("prometheus", "prometheus-pushgateway")


class NotInstalledError(LocalCloudError):
    """A program of Prometheus' that is not on the PATH."""

    def __init__(self, missing: Sequence[str]) -> None:
        packages = " ".join(PROGRAMS)
        super().__init__(
            f"{' and '.join(missing)} not found: `apt-get install {packages}` on Debian and "
            "Ubuntu, else put both programs on the PATH"
        )


@dataclass(frozen=True)
class Ports:
    """Loopback ports of what is scraped, and of Prometheus itself."""

    serving: int
    stream_consumer: int
    pushgateway: int
    prometheus: int

    @classmethod
    def around(cls, serving: int) -> "Ports":
        """Return free ports beside the one that serving has."""
        return cls(serving, free_port(), free_port(), free_port())

    @property
    def environment(self) -> dict[str, str]:
        """The variable by which the agent pushes its metrics."""
        return {"PUSHGATEWAY_URL": f"http://{LOOPBACK}:{self.pushgateway}"}

    @property
    def prometheus_url(self) -> str:
        return f"http://{LOOPBACK}:{self.prometheus}"


@dataclass(frozen=True)
class Watched:
    """What is watched: the ports, and where the consumer's standard output goes."""

    ports: Ports
    consumer_log: Path


def require_installed(folders: str | None = None) -> None:
    """Raise NotInstalledError when a program is missing from `folders`, else from the PATH."""
    missing = [program for program in PROGRAMS if shutil.which(program, path=folders) is None]
    if missing:
        raise NotInstalledError(missing)


def start_monitoring(processes: Processes, watched: Watched, folder: Path) -> Child:
    """Start the gateway, the reader of the consumer's log, and Prometheus, which is returned once
    it answers; raises StartError."""
    ports = watched.ports
    folder.mkdir(parents=True)
    scrape_serving(folder, ports.serving)
    config = folder / "prometheus.yml"
    written = configuration(ports, folder / SERVING_TARGETS)
    config.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    gateway = f"--web.listen-address={LOOPBACK}:{ports.pushgateway}"
    listen = f"--web.listen-address={LOOPBACK}:{ports.prometheus}"
    data = f"--storage.tsdb.path={folder / 'data'}"
    specs = [
        ProcessSpec("pushgateway", command=["prometheus-pushgateway", gateway]),
        ProcessSpec(
            "consumer_metrics",
            module="ops.local.monitor.embedded_metrics",
            arguments=[str(watched.consumer_log), str(ports.stream_consumer)],
        ),
        ProcessSpec("prometheus", command=["prometheus", f"--config.file={config}", listen, data]),
    ]
    prometheus = [processes.start(spec) for spec in specs][-1]
    prometheus.wait_until_ready(lambda: _is_ready(f"{ports.prometheus_url}/-/ready"))
    return prometheus


def scrape_serving(folder: Path, port: int) -> None:
    """Let the Prometheus that has this folder scrape serving on this port, and on no other."""
    new = folder / f"{SERVING_TARGETS}.new"
    new.write_text(json.dumps([_target(port)]), encoding="utf-8")
    new.replace(folder / SERVING_TARGETS)


def configuration(ports: Ports, serving_targets: Path) -> dict[str, Any]:
    """Return Prometheus' configuration: the committed rules, and the three services.

    Serving's port is in a file, since each promoted model is served on a new one:
    https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
    """

    def job(name: str, port: int, **options: object) -> dict[str, object]:
        return {"job_name": name, "static_configs": [_target(port)], **options}

    every = f"{SCRAPE_SECONDS}s"
    return {
        "global": {"scrape_interval": every, "evaluation_interval": every},
        "rule_files": [
            str(RULES / name) for name in ("serving_slo.yml", "stream.yml", "alerts.yml")
        ],
        "scrape_configs": [
            {
                "job_name": "serving",
                "file_sd_configs": [{"files": [str(serving_targets)], "refresh_interval": every}],
            },
            job("stream_consumer", ports.stream_consumer),
            # what was pushed keeps the job and instance that it was pushed with
            job("pushgateway", ports.pushgateway, honor_labels=True),
        ],
    }


def _target(port: int) -> dict[str, list[str]]:
    return {"targets": [f"{LOOPBACK}:{port}"]}


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
