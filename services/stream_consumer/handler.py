"""The Lambda function: joins the consumer to Lambda, SageMaker, S3 and Powertools.

Importing this module does nothing. Asking it for `handler`, as the runtime does while it
initialises, builds the clients once; a missing setting then fails the initialisation by name.
"""

import gc
import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from services.stream_consumer.batching import CallLimits
from services.stream_consumer.calls import ThreadedCalls
from services.stream_consumer.classify import Classifier, Endpoint
from services.stream_consumer.clock import Backoff, SystemClock
from services.stream_consumer.consume import Consumer
from services.stream_consumer.kinesis_event import read_kinesis_event
from services.stream_consumer.record_store import RecordStore, Store
from services.stream_consumer.redact import Redactor
from services.stream_consumer.settings import Settings

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
_STORE_CONCURRENCY = 8


def build_consumer(settings: Settings, endpoint: Endpoint, store: Store) -> Consumer:
    """Join the use case to its adapters."""
    clock, backoff = SystemClock(), Backoff(random.SystemRandom())
    limits = CallLimits(settings.max_items_per_call, settings.max_call_bytes)
    endpoint_calls = ThreadedCalls(settings.endpoint_concurrency)
    return Consumer(
        Classifier(endpoint, endpoint_calls, limits, clock, backoff),
        RecordStore(store, ThreadedCalls(_STORE_CONCURRENCY), clock, backoff),
        Redactor(settings.redact),
        clock,
        settings.reserve_seconds,
    )


def build_handler(environ: Mapping[str, str]) -> Handler:
    """Read the settings, build the clients, and return the function that Lambda calls."""
    from aws_lambda_powertools import Logger, Metrics

    from services.stream_consumer.clients import build_adapters
    from services.stream_consumer.telemetry import NAMESPACE, SERVICE, Telemetry

    settings = Settings.from_env(environ)
    consumer = build_consumer(settings, *build_adapters(settings))
    logger = Logger(service=SERVICE)
    telemetry = Telemetry(logger, Metrics(namespace=NAMESPACE, service=SERVICE))
    clock = SystemClock()

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        began_at = clock.seconds()
        records = read_kinesis_event(event)
        trace_id = invocation_trace_id(environ)
        logger.append_keys(function_request_id=context.aws_request_id, trace_id=trace_id)
        outcome = consumer.consume(
            records, trace_id, lambda: context.get_remaining_time_in_millis() / 1000
        )
        age_seconds = (clock.now() - records[-1].arrived_at).total_seconds() if records else 0.0
        telemetry.batch_done(outcome, clock.seconds() - began_at, age_seconds)
        return outcome.response()

    return traced(handle) if settings.is_tracing else handle


def traced(handle: Handler) -> Handler:
    """Report each invocation to X-Ray; the SDK is loaded only here, since it is slow to load."""
    from aws_lambda_powertools import Tracer

    from services.stream_consumer.telemetry import SERVICE

    tracer = Tracer(service=SERVICE, patch_modules=["botocore"])
    decorated: Handler = tracer.capture_lambda_handler(handle, capture_response=False)
    return decorated


def invocation_trace_id(environ: Mapping[str, str]) -> str:
    """Return the root id of X-Ray's trace of this invocation, or an empty string:
    https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader"""
    fields = environ.get("_X_AMZN_TRACE_ID", "").split(";")
    return next((part[5:] for part in fields if part.startswith("Root=")), "")


@contextmanager
def collector_paused() -> Iterator[None]:
    """Build without garbage collection, and keep what was built out of later ones.

    Little of it is ever dropped, and looking for that took an eighth of the cold start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def __getattr__(name: str) -> Handler:
    if name != "handler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with collector_paused():
        globals()["handler"] = build_handler(os.environ)
    handler: Handler = globals()["handler"]
    return handler
