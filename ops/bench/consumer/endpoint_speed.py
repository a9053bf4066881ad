"""What the endpoint can do by itself: narratives a second with batches from several clients."""

import http.client
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from libs.events.invocations import JSON, Instance, InvocationsRequest
from ops.bench.serving.servers import BenchError

CLIENTS, BATCH = 4, 50


def endpoint_per_second(port: int, narratives: Sequence[str]) -> float:
    """Send all narratives as fast as they are taken."""
    batches = [narratives[n : n + BATCH] for n in range(0, len(narratives), BATCH)]
    began_at = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as executor:
        list(executor.map(partial(_send, port), batches))
    return len(narratives) / (time.perf_counter() - began_at)


def _send(port: int, narratives: Sequence[str]) -> None:
    body = InvocationsRequest([Instance(text) for text in narratives]).to_json()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("POST", "/invocations", body, {"Content-Type": JSON})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise BenchError(f"the endpoint answered {answer.status}")
    finally:
        connection.close()
