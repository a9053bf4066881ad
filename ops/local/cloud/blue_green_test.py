from pathlib import Path
from typing import cast

import pytest

from ops.local.cloud.blue_green import BlueGreenEndpoint
from ops.local.cloud.containers import Container, digest_of
from ops.local.cloud.errors import StartError
from ops.local.cloud.processes import Child


class FakeChild:
    def __init__(self) -> None:
        self.code: int | None = None

    def exit_code(self) -> int | None:
        return self.code

    def stop(self) -> int:
        self.code = 0
        return 0


class FakeRouter:
    """Has requests under way to any port for the first few looks."""

    def __init__(self) -> None:
        self.routes: list[int] = []
        self.looks = 3

    def route(self, name: str, port: int) -> None:
        self.routes.append(port)

    def in_flight(self, port: int) -> int:
        self.looks -= 1
        return max(0, self.looks)


class FakeStarter:
    """Its archives hold their own address; `broken` ones cannot be started."""

    def __init__(self, folder: Path) -> None:
        self.containers: list[Container] = []
        self._folder = folder

    def fetch(self, model_data_url: str) -> Path:
        archive = self._folder / model_data_url.replace("/", "_")
        archive.write_text(model_data_url)
        return archive

    def start(self, archive: Path) -> Container:
        if "broken" in archive.name:
            raise StartError("serving", "no answer", archive)
        port = 8081 + len(self.containers)
        container = Container(port, digest_of(archive), cast(Child, FakeChild()))
        self.containers.append(container)
        return container


@pytest.fixture
def router() -> FakeRouter:
    return FakeRouter()


@pytest.fixture
def starter(tmp_path: Path) -> FakeStarter:
    return FakeStarter(tmp_path)


@pytest.fixture
def endpoint(router: FakeRouter, starter: FakeStarter) -> BlueGreenEndpoint:
    first = starter.start(starter.fetch("s3://b/1"))
    return BlueGreenEndpoint("complaints", "config-1", first, router, starter)


def update(endpoint: BlueGreenEndpoint, config: str, url: str) -> None:
    endpoint.update(config, url)
    endpoint.wait()


def test_an_update_moves_the_requests_and_drains_the_old_container(
    endpoint: BlueGreenEndpoint, router: FakeRouter, starter: FakeStarter
) -> None:
    update(endpoint, "config-2", "s3://b/2")

    assert (endpoint.status, endpoint.config, endpoint.port) == ("InService", "config-2", 8082)
    assert router.routes == [8082]
    assert router.looks <= 0
    assert all(container.is_running for container in starter.containers)


def test_going_back_starts_nothing(
    endpoint: BlueGreenEndpoint, router: FakeRouter, starter: FakeStarter
) -> None:
    update(endpoint, "config-2", "s3://b/2")
    update(endpoint, "config-3", "s3://b/1")

    assert router.routes == [8082, 8081]
    assert len(starter.containers) == 2


def test_a_warm_container_that_was_lost_is_started_anew(
    endpoint: BlueGreenEndpoint, router: FakeRouter, starter: FakeStarter
) -> None:
    update(endpoint, "config-2", "s3://b/2")
    starter.containers[0].stop()
    update(endpoint, "config-3", "s3://b/1")

    assert router.routes == [8082, 8083]


def test_only_the_container_before_is_kept(
    endpoint: BlueGreenEndpoint, starter: FakeStarter
) -> None:
    update(endpoint, "config-2", "s3://b/2")
    update(endpoint, "config-3", "s3://b/3")

    assert [container.is_running for container in starter.containers] == [False, True, True]


def test_an_update_that_fails_leaves_the_old_container_in_service(
    endpoint: BlueGreenEndpoint, router: FakeRouter
) -> None:
    update(endpoint, "config-2", "s3://b/broken")

    assert (endpoint.status, endpoint.config, endpoint.port) == ("InService", "config-1", 8081)
    assert endpoint.failure_reason is not None
    assert router.routes == []
