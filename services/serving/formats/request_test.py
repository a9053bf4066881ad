import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.serving.errors import RequestError, RequestTooLargeError
from services.serving.formats.call import BadItem, Narrative
from services.serving.formats.media_type import MediaType
from services.serving.formats.request import decode_call, decompress

MEDIA_TYPES = ("application/json", "application/jsonlines", "text/csv", "text/plain")
FIELD_NAMES = st.sampled_from(["text", "inputs", "instances", "parameters", "id", "other"])


def decode(content_type: str, body: bytes, **parameters: str) -> list[Narrative | BadItem]:
    return decode_call(MediaType(content_type, parameters), body, max_items=100).items


def decode_or_refusal(content_type: str, body: bytes) -> list[Narrative | BadItem] | str:
    """Return the items or the code of the refusal; any other error is the decoder's fault."""
    try:
        return decode(content_type, body)
    except RequestError as error:
        return error.code


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@given(body=st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(media_type: str, body: bytes) -> None:
    outcome = decode_or_refusal(media_type, body)

    assert outcome


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: st.lists(inner) | st.dictionaries(FIELD_NAMES, inner),
        max_leaves=20,
    )
)
def test_any_json_is_decoded_or_refused(document: object) -> None:
    body = json.dumps(document).encode()

    outcome = decode_or_refusal("application/json", body)

    assert outcome


@given(st.lists(st.text(min_size=1, max_size=50).filter(str.strip), min_size=1, max_size=20))
def test_json_lines_bring_every_text_back(texts: list[str]) -> None:
    body = "\n".join(json.dumps({"text": text}) for text in texts).encode()

    items = decode("application/jsonlines", body)

    assert [item.text for item in items if isinstance(item, Narrative)] == texts


def test_the_header_row_of_csv_is_skipped_when_the_content_type_says_so() -> None:
    items = decode("text/csv", b"narrative\r\nmy card\r\n", header="present")

    assert items == [Narrative("my card")]


def test_a_csv_field_far_too_long_spoils_no_other_row() -> None:
    items = decode("text/csv", b"a" * 200_000 + b"\nmy card\n")

    assert isinstance(items[0], BadItem)
    assert items[1] == Narrative("my card")


def test_a_blank_line_keeps_its_place() -> None:
    items = decode("application/jsonlines", b'{"text": "a"}\n\n{"text": "b"}\n')

    assert [type(item) for item in items] == [Narrative, BadItem, Narrative]


def test_an_id_too_long_is_not_sent_back() -> None:
    body = json.dumps({"instances": [{"id": "x" * 129, "text": "a"}]}).encode()

    (item,) = decode("application/json", body)

    assert isinstance(item, BadItem)
    assert item.id is None


def test_gzip_is_undone() -> None:
    assert decompress(gzip.compress(b"my card"), "gzip", max_bytes=100) == b"my card"


def test_a_gzip_bomb_is_refused_before_it_unpacks() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)

    with pytest.raises(RequestTooLargeError):
        decompress(bomb, "gzip", max_bytes=1_000)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"no gzip", "gzip"), (gzip.compress(b"a" * 100)[:-9], "gzip"), (b"a", "br")],
)
def test_what_cannot_be_unpacked_is_refused(body: bytes, encoding: str) -> None:
    with pytest.raises(RequestError):
        decompress(body, encoding, max_bytes=1_000)


def test_a_body_of_brackets_is_refused_before_it_becomes_lists() -> None:
    with pytest.raises(RequestTooLargeError):
        decode("application/json", b'{"inputs": [' + b"[]," * 1_000_001 + b"[]]}")
