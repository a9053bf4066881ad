"""The real runtime client in a child process, through every way an invocation can end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.local.cloud.lambda_function import FunctionSettings, LambdaFunction
from ops.local.cloud.processes import Processes

HANDLER = "ops.local.cloud.echo_function.handler"


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with Processes(tmp_path_factory.mktemp("logs")) as processes:
        yield processes


@pytest.fixture(scope="module")
def function(processes: Processes) -> Iterator[LambdaFunction]:
    settings = FunctionSettings(HANDLER, name="echo", timeout_seconds=30, memory_mb=256)
    function = LambdaFunction(settings, processes)
    yield function
    function.close()


def test_an_answer_comes_back_as_it_was_given(function: LambdaFunction) -> None:
    result = function.invoke({"answer": {"text": "\u00fcber", "n": [1, None]}})

    assert (result.payload, result.function_error) == ({"text": "\u00fcber", "n": [1, None]}, None)


def test_the_context_is_that_of_lambda(function: LambdaFunction) -> None:
    result = function.invoke({"do": "context"})

    facts = result.payload
    assert facts["request_id"] == result.request_id
    assert facts["arn"] == "arn:aws:lambda:us-east-1:000000000000:function:echo"
    assert (facts["name"], facts["memory_mb"]) == ("echo", 256)
    assert 0 < facts["remaining_ms"] <= 30_000
    assert facts["trace_id"].startswith("Root=1-")


def test_a_warm_environment_is_used_again(function: LambdaFunction) -> None:
    first = function.invoke({"do": "context"})

    second = function.invoke({"do": "context"})

    assert first.payload["pid"] == second.payload["pid"]
    assert second.init_seconds is None


def test_an_exception_is_reported_and_leaves_the_environment_warm(function: LambdaFunction) -> None:
    before = function.invoke({"do": "context"})

    result = function.invoke({"do": "raise"})

    assert result.function_error == "Unhandled"
    assert result.payload["errorType"] == "ValueError"
    assert function.invoke({"do": "context"}).payload["pid"] == before.payload["pid"]


def test_a_runtime_that_dies_is_reported_and_replaced(function: LambdaFunction) -> None:
    result = function.invoke({"do": "die"})

    assert result.payload == {
        "errorType": "Runtime.ExitError",
        "errorMessage": "Runtime exited with error: signal 9",
    }
    assert function.invoke({"answer": 1}).init_seconds is not None


def test_a_function_over_its_time_is_killed_and_replaced(processes: Processes) -> None:
    function = LambdaFunction(FunctionSettings(HANDLER, timeout_seconds=1), processes)
    old = function.invoke({"do": "context"}).payload["pid"]

    result = function.invoke({"do": "hang"})

    assert result.payload["errorType"] == "Sandbox.Timedout"
    assert result.payload["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert function.invoke({"do": "context"}).payload["pid"] != old
    function.close()


def test_a_module_that_cannot_be_imported_fails_the_invocation(processes: Processes) -> None:
    function = LambdaFunction(FunctionSettings("ops.local.cloud.absent.handler"), processes)

    result = function.invoke({})

    assert result.payload["errorType"] == "Runtime.ImportModuleError"
    function.close()


def test_closing_ends_the_runtime_processes(processes: Processes) -> None:
    function = LambdaFunction(FunctionSettings(HANDLER), processes)
    function.warm_up()
    (pid,) = function.pids()

    function.close()

    assert not Path(f"/proc/{pid}").exists()
    assert function.invoke({}).payload["errorType"] == "Runtime.Closed"
