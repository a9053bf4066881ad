"""The SageMaker runtime on a loopback port: a child process, and the command that it runs."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import click
import uvicorn

from ops.local.cloud.container_client import ContainerClient
from ops.local.cloud.errors import PortInUseError
from ops.local.cloud.processes import LOOPBACK, Child, Processes, ProcessSpec, claim_port
from ops.local.cloud.sagemaker_app import SagemakerApp

KEEP_ALIVE_SECONDS = 60
"""Longer than a client on a busy machine pauses: at uvicorn's 5 s it meets closed connections."""


class SagemakerShim:
    """The shim as a child process. Endpoints can be added and moved while requests run."""

    def __init__(
        self,
        processes: Processes,
        endpoints: Mapping[str, int] | None = None,
        port: int | None = None,
        timeout_seconds: float = 60.0,
    ) -> None:
        self._processes = processes
        self._endpoints = dict(endpoints or {})
        self._wanted_port = port
        self._timeout_seconds = timeout_seconds
        self.port = 0
        self.child: Child | None = None

    @property
    def endpoint_url(self) -> str:
        """The address; known once started."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variable with which boto3's sagemaker-runtime client comes here."""
        return {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": self.endpoint_url}

    def start(self) -> SagemakerShim:
        """Start the process and wait until it answers; PortInUseError, StartError."""
        self.port = claim_port("sagemaker-shim", self.port or self._wanted_port)
        arguments = ["--port", str(self.port), "--timeout", str(self._timeout_seconds)]
        for name, port in self._endpoints.items():
            arguments += ["--endpoint", f"{name}={port}"]
        spec = ProcessSpec(
            "sagemaker-shim", module="ops.local.cloud.sagemaker_shim", arguments=arguments
        )
        self.child = self._processes.start(spec)
        self.child.wait_until_ready(self._answers)
        return self

    def stop(self) -> None:
        """Stop the process; a later start() takes the same port and the same endpoints."""
        if self.child is not None:
            self.child.stop()
            self.child = None

    def route(self, name: str, port: int) -> None:
        """Send the endpoint's requests to this port from now on; those under way stay."""
        self._endpoints[name] = port
        self._request("PUT", f"/{name}", {"port": port})

    def in_flight(self, port: int) -> int:
        """Return how many requests the container on this port is working on for the shim."""
        return int(self._request("GET")["in_flight"].get(str(port), 0))

    def _request(self, method: str, path: str = "", body: Any = None) -> dict[str, Any]:
        url = f"{self.endpoint_url}/local/endpoints{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method)
        with urllib.request.urlopen(request, timeout=5) as response:
            return dict(json.load(response))

    def _answers(self) -> bool:
        try:
            self._request("GET")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True


@click.command()
@click.option("--port", type=int, required=True, help="Loopback port to listen on.")
@click.option(
    "--endpoint", "endpoints", multiple=True, metavar="NAME=PORT", help="May be repeated."
)
@click.option("--timeout", default=60.0, show_default=True, help="Seconds a container may take.")
def main(port: int, endpoints: tuple[str, ...], timeout: float) -> None:
    """Answer InvokeEndpoint by the serving processes on the given ports."""
    try:
        table = {name: int(value) for name, _, value in (e.partition("=") for e in endpoints)}
    except ValueError as error:
        raise click.BadParameter("expected NAME=PORT", param_hint="--endpoint") from error
    try:
        claim_port("sagemaker-shim", port)
    except PortInUseError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    app = SagemakerApp(table, ContainerClient(timeout))
    uvicorn.run(
        app,
        host=LOOPBACK,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


if __name__ == "__main__":
    main()
