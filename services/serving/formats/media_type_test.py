from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.serving.errors import UnsupportedFormatError
from services.serving.formats.media_type import negotiate, read_content_type


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (None, "application/json"),
        ("Application/JSON; charset=UTF-8", "application/json"),
        ("application/x-ndjson", "application/jsonlines"),
        ('text/csv; header="present"', "text/csv"),
    ],
)
def test_a_content_type_is_read(header: str | None, name: str) -> None:
    assert read_content_type(header).name == name


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        (None, "text/csv"),
        ("*/*", "text/csv"),
        ("text/*", "text/csv"),
        ("application/json", "application/json"),
        ("image/png, application/json;q=0.1", "application/json"),
        ("text/csv;q=0.5, application/json;q=0.9", "application/json"),
        ("application/json;q=0.5, */*;q=0.1", "application/json"),
    ],
)
def test_the_preferred_type_is_answered(accept: str | None, answer: str) -> None:
    assert negotiate(accept, default="text/csv") == answer


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "application/*;q=x", ";"])
def test_an_answer_that_nobody_accepts_is_refused(accept: str) -> None:
    with pytest.raises(UnsupportedFormatError):
        negotiate(accept, default="text/csv")


@given(st.text(max_size=50))
def test_any_header_is_understood_or_refused(header: str) -> None:
    outcomes = [
        answer_or_refusal(lambda: read_content_type(header).name),
        answer_or_refusal(lambda: negotiate(header, "text/csv")),
    ]

    assert all(outcomes)


def answer_or_refusal(read: Callable[[], str]) -> str:
    """Return the media type or the code of the refusal; any other error is a fault."""
    try:
        return read()
    except UnsupportedFormatError as error:
        return error.code
