"""The real shim process between a real boto3 client and containers that answer as told."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from ops.local.cloud.ministack import DEFAULT_REGION
from ops.local.cloud.processes import LOOPBACK, Processes, free_port
from ops.local.cloud.sagemaker_app import MAX_BODY_BYTES
from ops.local.cloud.sagemaker_shim import SagemakerShim


@dataclass
class Container:
    """An HTTP server that answers every POST the same, and keeps what it was sent."""

    status: int = 200
    body: bytes = b'{"label":"credit_card"}'
    before: Callable[[], Any] = lambda: None
    requests: list[tuple[str, dict[str, str], int]] = field(default_factory=list)

    def __enter__(self) -> Container:
        container = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # noqa: N802
                size = len(self.rfile.read(int(self.headers["Content-Length"])))
                container.requests.append((self.path, dict(self.headers), size))
                container.before()
                self.send_response_only(container.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("X-Amzn-SageMaker-Custom-Attributes", "trace=2")
                self.send_header("X-Internal", "secret")
                self.send_header("Content-Length", str(len(container.body)))
                self.end_headers()
                self.wfile.write(container.body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.server.daemon_threads = True
        self.port = int(self.server.server_address[1])
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SagemakerShim]:
    with Processes(tmp_path_factory.mktemp("logs")) as processes:
        yield SagemakerShim(processes).start()


@pytest.fixture(scope="module")
def runtime(shim: SagemakerShim) -> Iterator[Any]:
    client = boto3.client(
        "sagemaker-runtime",
        endpoint_url=shim.endpoint_url,
        region_name=DEFAULT_REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}, max_pool_connections=8),
    )
    yield client
    client.close()


def test_a_request_reaches_the_container_and_its_answer_the_caller(
    shim: SagemakerShim, runtime: Any
) -> None:
    with Container() as container:
        shim.route("complaints", container.port)

        answer = runtime.invoke_endpoint(EndpointName="complaints", Body=b"{}", Accept="text/csv")

        assert json.load(answer["Body"]) == {"label": "credit_card"}
        assert (answer["ContentType"], answer["CustomAttributes"]) == (
            "application/json",
            "trace=2",
        )
        assert answer["InvokedProductionVariant"] == "AllTraffic"
        assert "x-internal" not in answer["ResponseMetadata"]["HTTPHeaders"]


def test_only_the_headers_of_the_api_are_passed_on(shim: SagemakerShim, runtime: Any) -> None:
    with Container() as container:
        shim.route("complaints", container.port)

        runtime.invoke_endpoint(
            EndpointName="complaints",
            Body=b"{}",
            ContentType="application/jsonlines",
            Accept="text/csv",
            CustomAttributes="trace=1",
        )

        path, headers, _ = container.requests[0]
        names = {name.lower() for name in headers}
        assert path == "/invocations"
        assert names == {
            "host",
            "content-length",
            "content-type",
            "accept",
            "x-amzn-sagemaker-custom-attributes",
        }
        assert headers["content-type"] == "application/jsonlines"


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_an_error_of_the_container_is_a_model_error(
    shim: SagemakerShim, runtime: Any, status: int
) -> None:
    with Container(status, b'{"error":"why"}') as container:
        shim.route("complaints", container.port)

        with pytest.raises(ClientError) as caught:
            runtime.invoke_endpoint(EndpointName="complaints", Body=b"{}")

        response: Any = caught.value.response
        assert response["Error"]["Code"] == "ModelError"
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
        assert response["OriginalStatusCode"] == status
        assert response["OriginalMessage"] == '{"error":"why"}'


def test_an_unknown_endpoint_is_a_validation_error(runtime: Any) -> None:
    with pytest.raises(ClientError, match="Endpoint nobody of account .* not found") as caught:
        runtime.invoke_endpoint(EndpointName="nobody", Body=b"{}")

    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_a_container_that_is_not_there_makes_the_service_unavailable(
    shim: SagemakerShim, runtime: Any
) -> None:
    shim.route("complaints", free_port())

    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName="complaints", Body=b"{}")

    assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"


def test_a_body_over_25_megabytes_is_refused(shim: SagemakerShim, runtime: Any) -> None:
    with Container() as container:
        shim.route("complaints", container.port)
        runtime.invoke_endpoint(EndpointName="complaints", Body=bytes(MAX_BODY_BYTES))

        with pytest.raises(ClientError) as caught:
            runtime.invoke_endpoint(EndpointName="complaints", Body=bytes(MAX_BODY_BYTES + 1))

        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
        assert [size for _, _, size in container.requests] == [MAX_BODY_BYTES]


def test_a_request_under_way_ends_on_its_container_while_new_ones_go_to_the_next(
    shim: SagemakerShim, runtime: Any
) -> None:
    entered, released = threading.Event(), threading.Event()

    def hold() -> None:
        entered.set()
        released.wait(20)

    with Container(body=b"1", before=hold) as old, Container(body=b"2") as new:
        shim.route("complaints", old.port)
        answers: list[bytes] = []
        slow = threading.Thread(target=lambda: answers.append(invoke(runtime)))
        slow.start()
        entered.wait(20)
        assert shim.in_flight(old.port) == 1

        shim.route("complaints", new.port)
        quick = invoke(runtime)

        released.set()
        slow.join()
        assert (quick, answers, shim.in_flight(old.port)) == (b"2", [b"1"], 0)


def test_no_request_is_lost_while_the_endpoint_moves_back_and_forth(
    shim: SagemakerShim, runtime: Any
) -> None:
    with Container(body=b"1") as old, Container(body=b"2") as new:
        shim.route("complaints", old.port)
        answers: list[bytes] = []
        callers = [
            threading.Thread(target=lambda: answers.extend(invoke(runtime) for _ in range(25)))
            for _ in range(4)
        ]

        for caller in callers:
            caller.start()
        for n in range(20):
            shim.route("complaints", (new, old)[n % 2].port)
        for caller in callers:
            caller.join()

        assert len(answers) == 100


def test_a_container_killed_under_a_kept_connection_loses_nothing_once_replaced(
    shim: SagemakerShim, runtime: Any
) -> None:
    with Container(body=b"1") as old:
        shim.route("complaints", old.port)
        invoke(runtime)

    with Container(body=b"2") as new:
        shim.route("complaints", new.port)

        assert invoke(runtime) == b"2"


def test_a_container_that_takes_too_long_is_a_model_error_without_a_status(
    tmp_path: Path,
) -> None:
    released = threading.Event()
    with Container(before=lambda: released.wait(20)) as container, Processes(tmp_path) as processes:
        shim = SagemakerShim(processes, {"slow": container.port}, timeout_seconds=0.1).start()

        reply = post(shim, "slow")

        released.set()
        assert (reply["status"], reply["type"]) == (424, "ModelError")
        assert reply["body"]["OriginalStatusCode"] == 0


def post(shim: SagemakerShim, name: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection(LOOPBACK, shim.port, timeout=20)
    connection.request("POST", f"/endpoints/{name}/invocations", body=b"{}")
    response = connection.getresponse()
    body = json.load(response)
    connection.close()
    return {"status": response.status, "type": response.headers["x-amzn-errortype"], "body": body}


def invoke(runtime: Any) -> bytes:
    answer = runtime.invoke_endpoint(EndpointName="complaints", Body=b"{}")
    return bytes(answer["Body"].read())
