"""Serving: is it answering, how fast, how full is it, and with which model."""

from libs.metrics import contract
from ops.monitoring.panels import Panel
from ops.monitoring.queries import Query, busy, quantile, quantiles, rate
from services.serving.metrics import CACHE_LOOKUPS

QUANTILES = (0.5, 0.95, 0.99)

SERVING_PANELS = [
    Panel(
        "Requests by route",
        "Requests answered a second, whatever the answer.",
        "reqps",
        [Query(rate(contract.REQUESTS, "route"), "{{route}}")],
    ),
    Panel(
        "Answers other than 200, by code",
        "4xx are the caller's, 429 is refused work, 499 a caller that left, 5xx are ours.",
        "reqps",
        [Query(rate(contract.REQUESTS, "code", 'code!="200"'), "{{code}}")],
    ),
    Panel(
        "Error budget: how fast it burns",
        "1 spends the month's budget in a month. Alerts: 14.4 and 6 page, 1 opens a ticket.",
        "none",
        [
            Query("complaints:request_errors:ratio_rate1h / 0.001", "errors, last hour"),
            Query("complaints:request_slow:ratio_rate1h / 0.01", "slower than 2 s, last hour"),
        ],
        limit=1,
    ),
    Panel(
        "Latency by route",
        "Time to answer a request; one request of /invocations may hold many narratives.",
        "s",
        quantiles(QUANTILES, contract.REQUEST_SECONDS, "route"),
        width=16,
    ),
    Panel(
        "Where the time goes, p95",
        "Of one narrative: waiting for a session, tokenizing, one model run.",
        "s",
        [
            Query(quantile(0.95, contract.QUEUE_SECONDS), "queue"),
            Query(quantile(0.95, contract.TOKENIZE_SECONDS), "tokenize"),
            Query(quantile(0.95, contract.INFERENCE_SECONDS), "inference"),
        ],
    ),
    Panel(
        "Queue",
        "Time a narrative waited for a session.",
        "s",
        quantiles(QUANTILES, contract.QUEUE_SECONDS),
    ),
    Panel(
        "Saturation",
        "Model runs under way on average: at the number of cores there is no room left.",
        "none",
        [Query(busy(contract.INFERENCE_SECONDS), "busy cores")],
    ),
    Panel(
        "In flight",
        "Requests of /invocations being answered now.",
        "none",
        [Query(f"sum({contract.IN_FLIGHT.name})", "requests")],
    ),
    Panel(
        "Refusals by reason",
        "Work that was refused at once instead of late, and callers that left.",
        "reqps",
        [Query(rate(contract.REJECTED, "reason"), "{{reason}}")],
    ),
    Panel(
        "Cache of exact repeats",
        "Look-ups by outcome; without COMPLAINTS_CACHE_ENTRIES there is no cache to look into.",
        "ops",
        [Query(rate(CACHE_LOOKUPS, "outcome"), "{{outcome}}")],
    ),
    Panel(
        "Model that answers",
        "More than one row while a deployment is under way.",
        "none",
        [
            Query(
                f"max by (name, version, digest) ({contract.MODEL_INFO.name})",
                "{{name}} {{version}}",
            )
        ],
        look="steps",
    ),
]
