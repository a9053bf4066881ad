import shutil
from pathlib import Path

import pytest

from ops.local.monitor.prometheus import (
    PROGRAMS,
    NotInstalledError,
    Ports,
    configuration,
    require_installed,
)


def test_every_service_is_scraped_on_its_port_and_every_rule_file_exists() -> None:
    ports = Ports(serving=1, stream_consumer=2, pushgateway=3, prometheus=4)

    written = configuration(ports)

    targets = {job["job_name"]: job["static_configs"] for job in written["scrape_configs"]}
    assert targets == {
        "serving": [{"targets": ["127.0.0.1:1"]}],
        "stream_consumer": [{"targets": ["127.0.0.1:2"]}],
        "pushgateway": [{"targets": ["127.0.0.1:3"]}],
    }
    assert all(Path(name).is_file() for name in written["rule_files"])


def test_without_prometheus_one_sentence_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(NotInstalledError) as refused:
        require_installed(str(tmp_path))

    assert str(refused.value).startswith("prometheus and prometheus-pushgateway not found: ")
    assert "apt-get install prometheus prometheus-pushgateway" in str(refused.value)


@pytest.mark.skipif(
    any(shutil.which(program) is None for program in PROGRAMS),
    reason="Prometheus is not installed: apt-get install prometheus prometheus-pushgateway",
)
def test_with_prometheus_nothing_is_refused() -> None:
    require_installed()
