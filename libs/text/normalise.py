"""Narrative normalisation: the same text in training, serving and replay."""

import re
import unicodedata

from libs.text.errors import InvalidNarrativeError

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SPACE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b\u2060\ufeff]+")


def normalise(narrative: str) -> str:
    """Return `narrative` in Unicode NFC, each run of space and control characters as one space.

    Idempotent. Case is kept: lower-casing is the tokenizer's business.
    Raises InvalidNarrativeError for lone surrogates and for a narrative with nothing but space.
    """
    if _SURROGATE.search(narrative):
        raise InvalidNarrativeError("the narrative has a lone surrogate: expected valid Unicode")
    text = _SPACE_OR_CONTROL.sub(" ", unicodedata.normalize("NFC", narrative)).strip()
    if not text:
        raise InvalidNarrativeError(
            "the narrative is empty: expected at least one visible character"
        )
    return text
