"""A Lambda function on this machine: the real runtime client in child processes.

Life cycle: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
Variables: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.local.cloud.ministack import ACCOUNT_ID, DEFAULT_REGION
from ops.local.cloud.processes import Processes, ProcessSpec
from ops.local.cloud.runtime_api import Answer, Invocation, RuntimeApi, error_answer

_CLOSED = error_answer("Runtime.Closed", "the function was closed")


@dataclass(frozen=True)
class FunctionSettings:
    """A function's configuration; `handler` is `package.module.function`."""

    handler: str
    name: str = "stream-consumer"
    timeout_seconds: float = 60.0
    init_timeout_seconds: float = 10.0
    memory_mb: int = 512
    region: str = DEFAULT_REGION
    task_root: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:{self.region}:{ACCOUNT_ID}:function:{self.name}"


@dataclass(frozen=True)
class InvocationResult:
    """What a synchronous Invoke answers. On a function error the payload describes it."""

    request_id: str
    payload: Any
    function_error: str | None
    duration_seconds: float
    init_seconds: float | None = None


class LambdaFunction:
    """Invokes a handler; as many execution environments as there are invocations at once.

    Environments start when needed and are kept warm. One that crashes or exceeds the time-out is
    killed, its invocation is reported as failed, and the next invocation starts another.
    """

    def __init__(self, settings: FunctionSettings, processes: Processes) -> None:
        self.settings = settings
        self._processes = processes
        self._idle: list[_Environment] = []
        self._all: set[_Environment] = set()
        self._lock = threading.Condition()
        self._is_closed = False

    def invoke(self, event: Mapping[str, Any]) -> InvocationResult:
        """Run the handler on an event and wait for its answer."""
        body = json.dumps(event, separators=(",", ":")).encode()
        request_id = str(uuid.uuid4())
        if self._is_closed:
            return _result(request_id, _CLOSED, 0.0, None)
        environment, init_seconds, failure = self._take()
        started = time.monotonic()
        answer = failure or environment.invoke(request_id, body)
        seconds = time.monotonic() - started
        self._give_back(environment)
        return _result(request_id, answer, seconds, init_seconds)

    def warm_up(self) -> float:
        """Start one environment now and return its cold start in seconds."""
        environment, seconds, _ = self._take()
        self._give_back(environment)
        return seconds or 0.0

    def close(self) -> None:
        """Kill every environment; invocations under way end as failed."""
        with self._lock:
            self._is_closed = True
            environments, self._all, self._idle = list(self._all), set(), []
        for environment in environments:
            environment.close()

    def wait_until_idle(self, timeout_seconds: float) -> bool:
        """Wait until nothing is being invoked; False when the time was over first."""
        with self._lock:
            return self._lock.wait_for(lambda: len(self._idle) == len(self._all), timeout_seconds)

    def pids(self) -> list[int]:
        """Return the process ids of the live runtime processes."""
        with self._lock:
            return [environment.child.pid for environment in self._all]

    def _take(self) -> tuple[_Environment, float | None, Answer | None]:
        with self._lock:
            while self._idle:
                environment = self._idle.pop()
                if environment.is_alive:
                    return environment, None, None
                self._all.discard(environment)
                environment.close()
        started = time.monotonic()
        environment = _Environment(self.settings, self._processes)
        with self._lock:
            self._all.add(environment)
        failure = environment.wait_until_ready()
        return environment, time.monotonic() - started, failure

    def _give_back(self, environment: _Environment) -> None:
        with self._lock:
            is_kept = environment.is_alive and not self._is_closed
            if is_kept:
                self._idle.append(environment)
            else:
                self._all.discard(environment)
            self._lock.notify_all()
        if not is_kept:
            environment.close()


class _Environment:
    """One runtime process with its Runtime API."""

    def __init__(self, settings: FunctionSettings, processes: Processes) -> None:
        self._settings = settings
        self._api = RuntimeApi()
        self._is_closed = False
        self.is_alive = True
        spec = _runtime_spec(settings, self._api.address)
        self.child = processes.start(spec)
        threading.Thread(target=self._watch, name="lambda-watch", daemon=True).start()

    def wait_until_ready(self) -> Answer | None:
        failure = self._api.wait_until_ready(self._settings.init_timeout_seconds)
        self.is_alive = failure is None
        return failure

    def invoke(self, request_id: str, event: bytes) -> Answer:
        timeout = self._settings.timeout_seconds
        invocation = Invocation(
            request_id=request_id,
            event=event,
            deadline_ms=int((time.time() + timeout) * 1000),
            function_arn=self._settings.arn,
            trace_id=_new_trace_id(),
        )
        answer = self._api.invoke(invocation, timeout)
        if answer is None:
            self.is_alive = False
            message = f"{request_id} Task timed out after {timeout:.2f} seconds"
            return error_answer("Sandbox.Timedout", f"RequestId: {message}")
        return answer

    def close(self) -> None:
        self.is_alive = False
        self.child.kill()
        self._api.close()

    def _watch(self) -> None:
        code = self.child.wait()
        self.is_alive = False
        reason = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        self._api.fail(error_answer("Runtime.ExitError", f"Runtime exited with error: {reason}"))


def _runtime_spec(settings: FunctionSettings, api_address: str) -> ProcessSpec:
    environment = {
        "AWS_LAMBDA_RUNTIME_API": api_address,
        "AWS_LAMBDA_FUNCTION_NAME": settings.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{settings.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"local/[$LATEST]{uuid.uuid4().hex}",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "_HANDLER": settings.handler,
        "LAMBDA_TASK_ROOT": str(settings.task_root or Path.cwd()),
        "TZ": ":UTC",
        **settings.environment,
    }
    return ProcessSpec(
        name=f"lambda-{settings.name}",
        module="awslambdaric",
        arguments=[settings.handler],
        environment=environment,
        directory=settings.task_root,
    )


def _result(
    request_id: str, answer: Answer, seconds: float, init_seconds: float | None
) -> InvocationResult:
    try:
        payload = json.loads(answer.body or b"null")
    except ValueError:
        payload, answer = None, error_answer("Runtime.InvalidResponse", "the answer is not JSON")
    is_error = answer.error_type is not None
    return InvocationResult(
        request_id, payload, "Unhandled" if is_error else None, seconds, init_seconds
    )


def _new_trace_id() -> str:
    """Return an X-Ray header: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html."""
    unique, parent = uuid.uuid4().hex[:24], uuid.uuid4().hex[:16]
    return f"Root=1-{int(time.time()):08x}-{unique};Parent={parent};Sampled=1"
