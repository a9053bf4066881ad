import json
from pathlib import Path

from ops.local.demo.scraped_router import ScrapedRouter
from ops.local.monitor.prometheus import SERVING_TARGETS, scrape_serving


class FakeRouter:
    def __init__(self) -> None:
        self.routes: dict[str, int] = {}

    def route(self, name: str, port: int) -> None:
        self.routes[name] = port

    def in_flight(self, port: int) -> int:
        return port


def test_what_is_routed_to_is_what_is_scraped(tmp_path: Path) -> None:
    scrape_serving(tmp_path, 1)
    routed = FakeRouter()
    router = ScrapedRouter(routed, tmp_path)

    router.route("complaints", 2)

    assert routed.routes == {"complaints": 2}
    assert json.loads((tmp_path / SERVING_TARGETS).read_bytes()) == [{"targets": ["127.0.0.1:2"]}]
    assert router.in_flight(2) == 2
