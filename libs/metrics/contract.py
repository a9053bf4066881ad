"""The metrics that services export (contract 9), as plain data: names, labels, kinds, buckets.

Knows no metrics client; a service builds its own registry from these.
"""

from dataclasses import dataclass
from typing import Literal

PREFIX = "complaints_"

LATENCY_BUCKETS_SECONDS = (
    0.001, 0.0025, 0.005, 0.010, 0.015, 0.025, 0.050, 0.100, 0.220, 0.500, 1.0, 2.0, 5.0, 10.0,
)  # fmt: skip
CONFIDENCE_BUCKETS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
TOKEN_BUCKETS = (16.0, 32.0, 64.0, 128.0, 256.0, 384.0, 512.0, 1024.0, 2048.0, 8192.0)


@dataclass(frozen=True)
class Metric:
    """One metric; `name` has the prefix and, for counters, ends in `_total`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    description: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def _counter(name: str, description: str, *labels: str) -> Metric:
    return Metric(PREFIX + name, "counter", description, labels)


def _gauge(name: str, description: str, *labels: str) -> Metric:
    return Metric(PREFIX + name, "gauge", description, labels)


def _seconds(name: str, description: str, *labels: str) -> Metric:
    return Metric(PREFIX + name, "histogram", description, labels, LATENCY_BUCKETS_SECONDS)


REQUESTS = _counter("requests_total", "HTTP requests answered.", "route", "code")
REQUEST_SECONDS = _seconds("request_seconds", "Time to answer a request.", "route")
QUEUE_SECONDS = _seconds("queue_seconds", "Time a narrative waited for a session.")
TOKENIZE_SECONDS = _seconds("tokenize_seconds", "Time to tokenize a narrative.")
INFERENCE_SECONDS = _seconds("inference_seconds", "Time of one model run.")
IN_FLIGHT = _gauge("in_flight", "Requests being answered now.")
REJECTED = _counter("rejected_total", "Requests refused.", "reason")
PREDICTIONS = _counter("predictions_total", "Narratives classified.", "label")
CONFIDENCE = Metric(
    PREFIX + "confidence",
    "histogram",
    "Confidence of the predicted label.",
    ("label",),
    CONFIDENCE_BUCKETS,
)
NEEDS_REVIEW = _counter("needs_review_total", "Predictions below the review threshold.")
TRUNCATED = _counter("truncated_total", "Narratives longer than the model reads.")
NARRATIVE_TOKENS = Metric(
    PREFIX + "narrative_tokens",
    "histogram",
    "Tokens of a narrative before truncation.",
    (),
    TOKEN_BUCKETS,
)
MODEL_INFO = _gauge("model_info", "The model that answers; always 1.", "name", "version", "digest")

SERVING_METRICS = (
    REQUESTS,
    REQUEST_SECONDS,
    QUEUE_SECONDS,
    TOKENIZE_SECONDS,
    INFERENCE_SECONDS,
    IN_FLIGHT,
    REJECTED,
    PREDICTIONS,
    CONFIDENCE,
    NEEDS_REVIEW,
    TRUNCATED,
    NARRATIVE_TOKENS,
    MODEL_INFO,
)

RECORDS = _counter("records_total", "Stream records by what became of them.", "outcome")
BATCH_SECONDS = _seconds("batch_seconds", "Time to process one batch of records.")
END_TO_END_SECONDS = _seconds("end_to_end_seconds", "Time from received_at to logged.")
ITERATOR_AGE_SECONDS = _gauge("iterator_age_seconds", "Age of the newest record read of a shard.")

CONSUMER_METRICS = (RECORDS, BATCH_SECONDS, END_TO_END_SECONDS, ITERATOR_AGE_SECONDS)

DRIFT_PSI = _gauge("drift_psi", "Population stability index against the reference.", "feature")
DECISIONS = _counter("decisions_total", "Decisions of the retraining agent.", "decision")
CHAMPION_INFO = _gauge("champion_info", "The champion; always 1.", "version", "digest")

AGENT_METRICS = (DRIFT_PSI, DECISIONS, CHAMPION_INFO)
