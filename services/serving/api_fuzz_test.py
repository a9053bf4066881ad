"""Requests made up from the container's own OpenAPI description."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from services.serving.testing.harness import Harness, serve_tiny_model

EXPECTED = {200, 400, 405, 413, 415, 422}


@schemathesis.serializer("application/jsonlines")
def send_text_as_it_is(context: schemathesis.SerializationContext, value: Any) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with serve_tiny_model(tmp_path_factory.mktemp("model")) as harness:
        yield harness


@pytest.fixture(scope="module")
def description(harness: Harness) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_dict(harness.get("/openapi.json").json())


schema = schemathesis.pytest.from_fixture("description")


@schema.parametrize()
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_what_the_description_allows_or_forbids_is_answered_as_it_says(
    harness: Harness, case: "schemathesis.Case[Any]"
) -> None:
    request = case.as_transport_kwargs()
    options = {key: request[key] for key in ("json", "params", "headers") if key in request}
    content = {"content": request["data"]} if "data" in request else {}

    answer = harness.request(case.method, case.path, **options, **content)

    assert answer.status_code in EXPECTED
    if answer.status_code == 200:
        case.operation.validate_response(answer)
    elif case.method != "HEAD":
        assert set(answer.json()["error"]) == {"code", "message"}
