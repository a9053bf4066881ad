"""The app around a tiny real model, or a fake pool, without processes and sockets."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from prometheus_client import CollectorRegistry, generate_latest
from starlette.types import ASGIApp

from libs.artifact.archive import unpack_artifact
from services.serving.app import HttpLimits, create_app
from services.serving.body import BodyLimits
from services.serving.classifier import Classifier
from services.serving.describe import ExecutionParameters
from services.serving.loading import load_classifier
from services.serving.metrics import ServingMetrics
from services.serving.pool_spec import Pool, PoolSpec
from services.serving.predict import Patience
from services.serving.service import Capacity, Service
from services.serving.testing.tiny_artifact import TinySpec, write_tiny_archive

CAPACITY = Capacity(lanes=2, queue_items=1000, items_per_run=1, patience=Patience(10, 30))
POOL_SPEC = PoolSpec(cores=2)
LIMITS = HttpLimits(
    body=BodyLimits(body_bytes=1 << 20, buffer_bytes=4 << 20, seconds=5),
    max_items=50,
    execution=ExecutionParameters(max_concurrent_transforms=4),
)


@dataclass
class Harness:
    """What a test may touch: the client's side, and the service behind it."""

    app: ASGIApp
    service: Service
    registry: CollectorRegistry

    def open_client(self) -> httpx.AsyncClient:
        """Return a client that calls the app directly; for several requests at a time."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://serving")

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request and wait for its answer."""

        async def send() -> httpx.Response:
            async with self.open_client() as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, **options: Any) -> httpx.Response:
        return self.request("POST", "/invocations", **options)

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@dataclass(frozen=True)
class HarnessSpec:
    """What a test may want different."""

    pool: Pool | None = None
    pool_spec: PoolSpec = POOL_SPEC
    capacity: Capacity = CAPACITY
    limits: HttpLimits = LIMITS
    is_started: bool = True


@contextmanager
def serve_tiny_model(directory: Path, spec: HarnessSpec | None = None) -> Iterator[Harness]:
    """Yield a service that has loaded the tiny model from `directory`, made if absent."""
    spec = spec or HarnessSpec()
    if not (directory / "model").exists():
        unpack_artifact(write_tiny_archive(directory, TinySpec()), directory / "model")
    registry = CollectorRegistry()
    metrics = ServingMetrics(registry)

    def load() -> Classifier:
        classifier = load_classifier(directory / "model", spec.pool_spec, metrics)
        return replace(classifier, pool=spec.pool) if spec.pool is not None else classifier

    service = Service(load, spec.capacity, metrics)
    if spec.is_started:
        asyncio.run(service.start())
    app = create_app(service, spec.limits, lambda: generate_latest(registry))
    try:
        yield Harness(app, service, registry)
    finally:
        if spec.is_started:
            service.model.scheduler.close()
