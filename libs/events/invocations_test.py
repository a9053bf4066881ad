import pytest

from libs.events.errors import InvalidEventError
from libs.events.invocations import (
    ErrorBody,
    Instance,
    InvocationsRequest,
    InvocationsResponse,
    ItemError,
    ModelIdentity,
    Prediction,
    read_invocations_request,
    read_invocations_response,
)

MODEL = ModelIdentity(name="complaints", version="1.0.0", digest="a" * 64)


def test_a_request_survives_a_round_trip() -> None:
    request = InvocationsRequest(
        [Instance(text="They charged me", id="e-1"), Instance(text="Late")]
    )

    assert read_invocations_request(request.to_json()) == request


def test_a_response_with_a_prediction_and_an_error_survives_a_round_trip() -> None:
    prediction = Prediction(
        id="e-1",
        label="credit_card",
        confidence=0.9,
        scores={"credit_card": 0.9, "retail_banking": 0.1},
        needs_review=False,
        is_truncated=True,
        tokens=300,
    )
    refused = ItemError(id="e-2", error=ErrorBody(code="empty", message="the narrative is empty"))
    response = InvocationsResponse([prediction, refused], MODEL)

    assert read_invocations_response(response.to_json()) == response


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b'{"instances":[{"text":""}]}', r"instances.*text"),
        (b'{"instances":[{}]}', "text"),
        (b"{}", "instances"),
        (b"{", "not valid"),
    ],
)
def test_a_malformed_request_is_refused_by_field(content: bytes, named: str) -> None:
    with pytest.raises(InvalidEventError, match=named):
        read_invocations_request(content)


def test_a_response_without_its_model_is_refused() -> None:
    with pytest.raises(InvalidEventError, match="model"):
        read_invocations_response(b'{"predictions":[]}')
