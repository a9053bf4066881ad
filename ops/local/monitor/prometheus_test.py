import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import httpx
import pytest
from aws_lambda_powertools import Logger, Metrics
from prometheus_client import CollectorRegistry, Counter, push_to_gateway, start_http_server

from libs.events.invocations import ModelIdentity
from libs.metrics.contract import DECISIONS, MODEL_INFO, RECORDS
from ops.local.cloud.processes import LOOPBACK, Processes
from ops.local.monitor.prometheus import (
    PROGRAMS,
    SERVING_TARGETS,
    NotInstalledError,
    Ports,
    Watched,
    configuration,
    require_installed,
    scrape_serving,
    start_monitoring,
)
from services.serving.metrics import ServingMetrics
from services.stream_consumer.outcome import Outcome
from services.stream_consumer.telemetry import NAMESPACE, SERVICE, Telemetry

needs_prometheus = pytest.mark.skipif(
    any(shutil.which(program) is None for program in PROGRAMS),
    reason="Prometheus is not installed: apt-get install prometheus prometheus-pushgateway",
)


def test_every_service_is_scraped_on_its_port_and_every_rule_file_exists(tmp_path: Path) -> None:
    ports = Ports(serving=1, stream_consumer=2, pushgateway=3, prometheus=4)
    scrape_serving(tmp_path, ports.serving)

    written = configuration(ports, tmp_path / SERVING_TARGETS)

    serving, *others = written["scrape_configs"]
    [file] = serving["file_sd_configs"][0]["files"]
    assert json.loads(Path(file).read_bytes()) == [{"targets": ["127.0.0.1:1"]}]
    assert {job["job_name"]: job["static_configs"] for job in others} == {
        "stream_consumer": [{"targets": ["127.0.0.1:2"]}],
        "pushgateway": [{"targets": ["127.0.0.1:3"]}],
    }
    assert all(Path(name).is_file() for name in written["rule_files"])


def test_without_prometheus_one_sentence_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(NotInstalledError) as refused:
        require_installed(str(tmp_path))

    assert str(refused.value).startswith("prometheus and prometheus-pushgateway not found: ")
    assert "apt-get install prometheus prometheus-pushgateway" in str(refused.value)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes(tmp_path / "logs") as running:
        yield running


@needs_prometheus
def test_prometheus_sees_all_three_services_and_evaluates_every_rule(
    processes: Processes, tmp_path: Path
) -> None:
    log = write_function_log(tmp_path / "function.log")
    wanted = {MODEL_INFO.name, RECORDS.name, DECISIONS.name, "complaints:batch_seconds:p50"}
    with serving_of("1") as port:
        ports = Ports.around(port)

        prometheus = start_monitoring(processes, Watched(ports, log), tmp_path / "monitor")
        push_to_gateway(ports.environment["PUSHGATEWAY_URL"], "retraining_agent", agent_metrics())
        prometheus.wait_until_ready(lambda: wanted <= series_names(ports))

        assert {rule["health"] for rule in rules(ports)} <= {"ok", "unknown"}
        assert "retraining_agent" in values_of(ports, "job")


@needs_prometheus
def test_a_promoted_model_is_scraped_on_its_new_port(processes: Processes, tmp_path: Path) -> None:
    with serving_of("1") as first, serving_of("2") as promoted:
        ports = Ports.around(first)
        watched = Watched(ports, tmp_path / "function.log")
        prometheus = start_monitoring(processes, watched, tmp_path / "monitor")
        prometheus.wait_until_ready(lambda: "1" in values_of(ports, "version"))

        scrape_serving(tmp_path / "monitor", promoted)

        prometheus.wait_until_ready(lambda: "2" in values_of(ports, "version"))


@contextmanager
def serving_of(version: str) -> Iterator[int]:
    """Answer with the metrics of a model of this version, on the port that is yielded."""
    registry = CollectorRegistry()
    ServingMetrics(registry).serves(ModelIdentity("complaints", version, "a" * 64))
    server, thread = start_http_server(0, LOOPBACK, registry)
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def write_function_log(path: Path) -> Path:
    """Write what the consumer tells of two batches."""
    with path.open("w") as output, redirect_stdout(output):
        telemetry = Telemetry(
            Logger(service=SERVICE, stream=output), Metrics(namespace=NAMESPACE, service=SERVICE)
        )
        telemetry.batch_done(Outcome(logged=2, end_to_end_seconds=[0.4] * 2), 0.5, 3.0)
    return path


def agent_metrics() -> CollectorRegistry:
    registry = CollectorRegistry()
    counter = Counter(DECISIONS.name, DECISIONS.description, DECISIONS.labels, registry=registry)
    counter.labels("do_nothing").inc()
    return registry


def series_names(ports: Ports) -> set[str]:
    return values_of(ports, "__name__")


def values_of(ports: Ports, label: str) -> set[str]:
    return set(_get(ports, f"label/{label}/values"))


def rules(ports: Ports) -> list[dict[str, Any]]:
    return [rule for group in _get(ports, "rules")["groups"] for rule in group["rules"]]


def _get(ports: Ports, path: str) -> Any:
    answer = httpx.get(f"{ports.prometheus_url}/api/v1/{path}", trust_env=False)
    return answer.raise_for_status().json()["data"]
