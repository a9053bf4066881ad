import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from services.stream_consumer.errors import RefusedError, TransientError
from services.stream_consumer.sagemaker_endpoint import SagemakerEndpoint


class FakeRuntime:
    """SageMaker's runtime client: answers, or raises what it was given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.requests: list[dict[str, Any]] = []

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        return {"Body": io.BytesIO(b'{"predictions":[]}')}


def invoke(client: Any) -> bytes:
    return SagemakerEndpoint(client, "complaints").invoke(b"{}", "1-trace")


def client_error(code: str, **more: object) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "m"}, **more}
    return ClientError(response, "InvokeEndpoint")


def model_error(status: int, message: str = "") -> ClientError:
    return client_error("ModelError", OriginalStatusCode=status, OriginalMessage=message)


def test_the_request_names_endpoint_format_and_trace() -> None:
    client = FakeRuntime()

    assert invoke(client) == b'{"predictions":[]}'
    assert client.requests == [
        {
            "EndpointName": "complaints",
            "ContentType": "application/json",
            "Accept": "application/json",
            "Body": b"{}",
            "CustomAttributes": "trace_id=1-trace",
        }
    ]


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_what_the_model_refuses_is_refused_with_its_code_and_without_its_words(status: int) -> None:
    message = json.dumps({"error": {"code": "invalid_field", "message": "secret"}})

    with pytest.raises(RefusedError, match=f"^{status} invalid_field$"):
        invoke(FakeRuntime(model_error(status, message)))


@pytest.mark.parametrize(
    ("error", "is_suspect"),
    [
        (model_error(429), False),
        (model_error(503), False),
        (model_error(500, "<html>"), True),
        (model_error(0), True),
        (client_error("ThrottlingException"), False),
        (client_error("ValidationError"), False),
        (client_error("AccessDeniedException"), False),
        (ReadTimeoutError(endpoint_url="e"), True),
        (EndpointConnectionError(endpoint_url="e"), False),
    ],
)
def test_whatever_else_fails_may_pass(error: Exception, is_suspect: bool) -> None:
    with pytest.raises(TransientError) as caught:
        invoke(FakeRuntime(error))

    assert caught.value.is_suspect == is_suspect
