"""The SageMaker API on a loopback port, as much of it as a model's promotion needs.

CreateModel, CreateEndpointConfig, UpdateEndpoint and what describes them, with the answers of
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Service.html.
An update really starts a container and really moves the requests. What it cannot do, it refuses.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from ops.local.cloud.blue_green import BlueGreenEndpoint
from ops.local.cloud.ministack import ACCOUNT_ID
from ops.local.cloud.processes import LOOPBACK

_TARGET_PREFIX = "SageMaker."
Request = dict[str, Any]


class RefusedError(Exception):
    """A request that SageMaker would answer with a ValidationException."""


class SagemakerControl:
    """Models, configurations and endpoints in memory; one operation at a time."""

    def __init__(self, endpoints: Iterable[BlueGreenEndpoint]) -> None:
        self._endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self._models = {each.config: _first_model(each) for each in self._endpoints.values()}
        self._configs = {each.config: _first_config(each) for each in self._endpoints.values()}
        self._lock = threading.Lock()
        self._operations: dict[str, Callable[[Request], Request]] = {
            "CreateModel": self._create_model,
            "CreateEndpointConfig": self._create_config,
            "DescribeEndpoint": self._describe,
            "DescribeEndpointConfig": self._describe_config,
            "DescribeModel": self._describe_model,
            "UpdateEndpoint": self._update,
        }

    def answer(self, operation: str, request: Request) -> Request:
        """Return the answer to one call; raises RefusedError."""
        if operation not in self._operations:
            raise RefusedError(f"the local cloud has no {operation}")
        with self._lock:
            return self._operations[operation](request)

    def _create_model(self, request: Request) -> Request:
        name = request["ModelName"]
        _refuse_taken(self._models, name, "model")
        self._models[name] = request
        return {"ModelArn": _arn("model", name)}

    def _create_config(self, request: Request) -> Request:
        name = request["EndpointConfigName"]
        _refuse_taken(self._configs, name, "endpoint configuration")
        if len(request["ProductionVariants"]) != 1 or request.get("ShadowProductionVariants"):
            raise RefusedError("the local cloud serves one production variant and no shadow")
        _found(self._models, request["ProductionVariants"][0]["ModelName"], "model")
        self._configs[name] = request
        return {"EndpointConfigArn": _arn("endpoint-config", name)}

    def _describe_config(self, request: Request) -> Request:
        name = request["EndpointConfigName"]
        config = _found(self._configs, name, "endpoint configuration")
        return {**config, "EndpointConfigArn": _arn("endpoint-config", name), **_created()}

    def _describe_model(self, request: Request) -> Request:
        name = request["ModelName"]
        model = _found(self._models, name, "model")
        return {**model, "ModelArn": _arn("model", name), **_created()}

    def _describe(self, request: Request) -> Request:
        endpoint = self._endpoint(request)
        status = endpoint.status  # read first: an update sets it last
        variant = self._configs[endpoint.config]["ProductionVariants"][0]["VariantName"]
        answer = {
            "EndpointName": endpoint.name,
            "EndpointArn": _arn("endpoint", endpoint.name),
            "EndpointConfigName": endpoint.config,
            "ProductionVariants": [{"VariantName": variant, "DesiredInstanceCount": 1}],
            "EndpointStatus": status,
            "LastModifiedTime": time.time(),
            **_created(),
        }
        if endpoint.failure_reason is not None:
            answer["FailureReason"] = endpoint.failure_reason
        return answer

    def _update(self, request: Request) -> Request:
        endpoint = self._endpoint(request)
        if endpoint.status != "InService":
            raise RefusedError(f"Cannot update in-progress endpoint {endpoint.name}")
        config = _found(self._configs, request["EndpointConfigName"], "endpoint configuration")
        model = self._models[config["ProductionVariants"][0]["ModelName"]]
        endpoint.update(config["EndpointConfigName"], model["PrimaryContainer"]["ModelDataUrl"])
        return {"EndpointArn": _arn("endpoint", endpoint.name)}

    def _endpoint(self, request: Request) -> BlueGreenEndpoint:
        endpoint = self._endpoints.get(request["EndpointName"])
        if endpoint is None:
            raise RefusedError(f"Could not find endpoint {request['EndpointName']}")
        return endpoint


class ControlServer:
    """Answers boto3 for a SagemakerControl, from a thread of this process."""

    def __init__(self, control: SagemakerControl) -> None:
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler(control))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def environment(self) -> dict[str, str]:
        """The variable with which boto3's sagemaker client comes here."""
        return {"AWS_ENDPOINT_URL_SAGEMAKER": f"http://{LOOPBACK}:{self._server.server_port}"}

    def __enter__(self) -> ControlServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(control: SagemakerControl) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802
            body = self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers.get("X-Amz-Target", "").removeprefix(_TARGET_PREFIX)
            try:
                self._reply(200, control.answer(operation, json.loads(body)))
            except RefusedError as error:
                refusal = {"__type": "ValidationException", "message": str(error)}
                self._reply(400, refusal)

        def _reply(self, status: int, document: Request) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            return

    return Handler


def _first_model(endpoint: BlueGreenEndpoint) -> Request:
    """Return the model of a container that was not started by this API, so without its data."""
    return {
        "ModelName": endpoint.config,
        "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/local",
        "PrimaryContainer": {"Image": "local"},
    }


def _first_config(endpoint: BlueGreenEndpoint) -> Request:
    variant = {
        "VariantName": "champion",
        "ModelName": endpoint.config,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }
    return {"EndpointConfigName": endpoint.config, "ProductionVariants": [variant]}


def _found(known: dict[str, Request], name: str, kind: str) -> Request:
    if name not in known:
        raise RefusedError(f"Could not find {kind} {name}")
    return known[name]


def _created() -> Request:
    return {"CreationTime": time.time()}


def _refuse_taken(known: dict[str, Request], name: str, kind: str) -> None:
    if name in known:
        raise RefusedError(f"Cannot create already existing {kind} {name}")


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:{ACCOUNT_ID}:{kind}/{name}"
