import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.text.errors import InvalidNarrativeError
from libs.text.normalise import normalise


def test_runs_of_space_and_control_characters_become_one_space() -> None:
    text = normalise("  They\tcharged\r\n\x00me\u00a0 twice\ufeff ")

    assert text == "They charged me twice"


def test_composed_and_decomposed_accents_become_the_same_text() -> None:
    assert normalise("cafe\u0301") == normalise("caf\u00e9")


def test_case_is_kept() -> None:
    assert normalise("I am ANGRY") == "I am ANGRY"


@pytest.mark.parametrize("narrative", ["", "   ", "\x00\n\u200b"])
def test_a_narrative_with_nothing_visible_is_refused(narrative: str) -> None:
    with pytest.raises(InvalidNarrativeError, match="empty"):
        normalise(narrative)


def test_a_lone_surrogate_is_refused_without_quoting_the_narrative() -> None:
    with pytest.raises(InvalidNarrativeError) as caught:
        normalise("secret \ud800 text")

    assert "secret" not in str(caught.value)


@given(st.text(min_size=1).filter(lambda text: any(ch.isalnum() for ch in text)))
def test_normalising_twice_changes_nothing(narrative: str) -> None:
    once = normalise(narrative)

    assert normalise(once) == once
