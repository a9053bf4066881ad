from datetime import UTC, datetime

import pytest

from libs.events.complaint import ComplaintEvent, event_id, read_complaint_event
from libs.events.errors import InvalidEventError

GOOD = b'{"complaint_id":"c-1","narrative":"They charged me","received_at":"2026-01-02T03:04:05Z"}'


def test_an_event_survives_a_round_trip() -> None:
    event = ComplaintEvent(
        complaint_id="c-1",
        narrative="Caf\u00e9 charged me \u20ac5 \U0001f620",
        received_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        source="web",
        trace_id="t-1",
    )

    assert read_complaint_event(event.to_json()) == event


def test_optional_fields_may_be_absent_and_unknown_ones_are_ignored() -> None:
    event = read_complaint_event(GOOD.replace(b"{", b'{"color":"blue",', 1))

    assert event.complaint_id == "c-1"
    assert event.source is None


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (b'"complaint_id":"c-1",', b"", "complaint_id"),
        (b'"c-1"', b'""', "complaint_id"),
        (b'"c-1"', b'"' + b"x" * 129 + b'"', "complaint_id"),
        (b'"They charged me"', b'""', "narrative"),
        (b'"They charged me"', b"7", "narrative"),
        (b'"They charged me"', b'"' + b"x" * 100_001 + b'"', "narrative"),
        (b"05Z", b"05", "received_at"),
        (b"2026-01-02T", b"yesterday ", "received_at"),
    ],
)
def test_a_wrong_field_is_named(old: bytes, new: bytes, named: str) -> None:
    with pytest.raises(InvalidEventError, match=named):
        read_complaint_event(GOOD.replace(old, new))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"a":' * 100_000, b"null"])
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidEventError):
        read_complaint_event(content)


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(InvalidEventError):
        read_complaint_event(GOOD.replace(b"They", b"\\ud800 They"))


def test_an_error_never_quotes_the_narrative() -> None:
    with pytest.raises(InvalidEventError) as caught:
        read_complaint_event(GOOD.replace(b"05Z", b"05"))

    assert "charged" not in str(caught.value)


def test_the_event_id_names_shard_and_sequence() -> None:
    assert event_id("shardId-000000000000", "4960") == "shardId-000000000000:4960"
