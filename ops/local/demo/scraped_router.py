"""Keeps Prometheus where an endpoint's requests go: each promoted model is served on a new port."""

from dataclasses import dataclass
from pathlib import Path

from ops.local.cloud.blue_green import Router
from ops.local.monitor.prometheus import scrape_serving


@dataclass(frozen=True)
class ScrapedRouter:
    """A router beside the Prometheus that `folder` belongs to."""

    router: Router
    folder: Path

    def route(self, name: str, port: int) -> None:
        """Send the endpoint's requests to this port, and scrape it there."""
        self.router.route(name, port)
        scrape_serving(self.folder, port)

    def in_flight(self, port: int) -> int:
        """Return how many requests are under way to this port."""
        return self.router.in_flight(port)
