from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator

import pytest

from ops.local.cloud.runtime_api import MAX_PAYLOAD_BYTES, Answer, Invocation, RuntimeApi

PATH = "/2018-06-01/runtime"
INVOCATION = Invocation("request-1", b'{"a":1}', 1_542_409_706_888, "arn:function", "Root=1-2-3")


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    api = RuntimeApi()
    yield api
    api.close()


def call(api: RuntimeApi, method: str, path: str, body: bytes = b"") -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(api.address, timeout=10)
    connection.request(method, f"{PATH}{path}", body=body)
    response = connection.getresponse()
    response.body = response.read()  # type: ignore[attr-defined]
    connection.close()
    return response


def invoke_in_background(api: RuntimeApi) -> tuple[threading.Thread, list[Answer | None]]:
    answers: list[Answer | None] = []
    thread = threading.Thread(target=lambda: answers.append(api.invoke(INVOCATION, 10)))
    thread.start()
    return thread, answers


def test_next_hands_out_the_event_with_the_headers_of_lambda(api: RuntimeApi) -> None:
    thread, _ = invoke_in_background(api)

    response = call(api, "GET", "/invocation/next")

    assert response.status == 200
    assert response.body == b'{"a":1}'  # type: ignore[attr-defined]
    assert response.headers["Lambda-Runtime-Aws-Request-Id"] == "request-1"
    assert response.headers["Lambda-Runtime-Deadline-Ms"] == "1542409706888"
    assert response.headers["Lambda-Runtime-Invoked-Function-Arn"] == "arn:function"
    assert response.headers["Lambda-Runtime-Trace-Id"] == "Root=1-2-3"
    api.fail(Answer(b""))
    thread.join()


def test_a_response_ends_the_invocation(api: RuntimeApi) -> None:
    thread, answers = invoke_in_background(api)
    call(api, "GET", "/invocation/next")

    response = call(api, "POST", "/invocation/request-1/response", b'"done"')

    thread.join()
    assert response.status == 202
    assert answers == [Answer(b'"done"')]


def test_an_answer_to_another_request_is_refused(api: RuntimeApi) -> None:
    thread, answers = invoke_in_background(api)
    call(api, "GET", "/invocation/next")

    response = call(api, "POST", "/invocation/request-0/response", b'"late"')

    call(api, "POST", "/invocation/request-1/response", b'"done"')
    thread.join()
    assert response.status == 400
    assert answers == [Answer(b'"done"')]


def test_a_response_over_the_limit_becomes_an_error(api: RuntimeApi) -> None:
    thread, answers = invoke_in_background(api)
    call(api, "GET", "/invocation/next")

    response = call(api, "POST", "/invocation/request-1/response", bytes(MAX_PAYLOAD_BYTES + 1))

    thread.join()
    assert response.status == 413
    assert [answer and answer.error_type for answer in answers] == ["Function.ResponseSizeTooLarge"]


def test_an_invocation_nobody_answers_ends_with_its_time(api: RuntimeApi) -> None:
    answer = api.invoke(INVOCATION, timeout_seconds=0.01)

    assert answer is None


def test_a_runtime_that_waits_for_work_is_let_go_at_the_end(api: RuntimeApi) -> None:
    statuses: list[int] = []
    thread = threading.Thread(
        target=lambda: statuses.append(call(api, "GET", "/invocation/next").status)
    )
    thread.start()
    api.wait_until_ready(10)

    api.fail(Answer(b"", "Runtime.ExitError"))

    thread.join()
    assert statuses == [500]
