"""The metrics of contract 9 in a Prometheus registry. The registry is the caller's."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from libs.events.invocations import ModelIdentity, Prediction
from libs.metrics import contract
from libs.metrics.contract import Metric

CACHE_LOOKUPS = Metric(
    contract.PREFIX + "cache_lookups_total",
    "counter",
    "Narratives looked up in the cache of exact repeats.",
    ("outcome",),
)


class ServingMetrics:
    """What this worker counts and times."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(metric: Metric) -> Counter:
            return Counter(metric.name, metric.description, metric.labels, registry=registry)

        def histogram(metric: Metric) -> Histogram:
            return Histogram(
                metric.name,
                metric.description,
                metric.labels,
                buckets=metric.buckets,
                registry=registry,
            )

        def gauge(metric: Metric, mode: Any) -> Gauge:
            return Gauge(
                metric.name,
                metric.description,
                metric.labels,
                registry=registry,
                multiprocess_mode=mode,
            )

        self.requests = counter(contract.REQUESTS)
        self.request_seconds = histogram(contract.REQUEST_SECONDS)
        self.queue_seconds = histogram(contract.QUEUE_SECONDS)
        self.tokenize_seconds = histogram(contract.TOKENIZE_SECONDS)
        self.inference_seconds = histogram(contract.INFERENCE_SECONDS)
        self.in_flight = gauge(contract.IN_FLIGHT, "livesum")
        self.rejected = counter(contract.REJECTED)
        self.predictions = counter(contract.PREDICTIONS)
        self.confidence = histogram(contract.CONFIDENCE)
        self.needs_review = counter(contract.NEEDS_REVIEW)
        self.truncated = counter(contract.TRUNCATED)
        self.narrative_tokens = histogram(contract.NARRATIVE_TOKENS)
        self.model_info = gauge(contract.MODEL_INFO, "livemax")
        self.cache_lookups = counter(CACHE_LOOKUPS)

    def answered(self, route: str, code: int, seconds: float) -> None:
        self.requests.labels(route, str(code)).inc()
        self.request_seconds.labels(route).observe(seconds)

    def refused(self, reason: str) -> None:
        self.rejected.labels(reason).inc()

    def waited(self, seconds: float) -> None:
        self.queue_seconds.observe(seconds)

    def tokenized(self, seconds: float) -> None:
        self.tokenize_seconds.observe(seconds)

    def inferred(self, seconds: float) -> None:
        self.inference_seconds.observe(seconds)

    def predicted(self, prediction: Prediction) -> None:
        self.predictions.labels(prediction.label).inc()
        self.confidence.labels(prediction.label).observe(prediction.confidence)
        self.narrative_tokens.observe(prediction.tokens)
        if prediction.needs_review:
            self.needs_review.inc()
        if prediction.is_truncated:
            self.truncated.inc()

    def looked_up(self, outcome: str) -> None:
        self.cache_lookups.labels(outcome).inc()

    def serves(self, model: ModelIdentity) -> None:
        self.model_info.labels(model.name, model.version, model.digest).set(1)
