"""Rules of `tokenizer.json` for what of a narrative becomes tokens: fewer of them, that say more.

The bureau blackens with runs of X (XXXX, XX/XX/XXXX), two to six tokens each, and sets amounts as
{$10.00}. Of what is left, two fifths are punctuation, articles, prepositions, conjunctions and
auxiliaries, which complaints about anything share. The words are English, as the narratives are.
"""

from typing import Any, Literal

import msgspec

from libs.text.errors import TokenizerError

Reading = Literal["everything", "compact_markup", "content_words"]

# No quantifier gives back what it took, so that no narrative takes more than linear time.
_REDACTIONS = r"(?<![0-9A-Za-z])[Xx][Xx]++(?>[\s/\-]++[Xx][Xx]++)*(?![0-9A-Za-z])"
_AROUND_AMOUNTS = r"\{(?=\$)|(?<=\d)\.\d\d\}"
_APOSTROPHE = "['\N{RIGHT SINGLE QUOTATION MARK}]"
_QUOTES = (
    "'\"\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"
    "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"
)
_NOT = rf"(?i)(?:\b(?:ca|wo))?n{_APOSTROPHE}t\b"
_ENDINGS_AND_PUNCTUATION = (
    rf"(?i){_APOSTROPHE}(?:s|m|re|ve|ll|d)\b|[{_QUOTES}.,;:!?()\[\]{{}}<>/\\*_#&+=|~\-]++"
)
# Not here: pronouns, which tell who did what; not, no and without; off, out, over and down, which
# name things (charge off, opt out, over draft, down payment).
_FUNCTION_WORDS = """
    a also am an and are as at be been being but by did do does doing for from had has have
    having in into is it its of on or so that the then there these this those to was were which
    with
""".split()
_ANY_FUNCTION_WORD = rf"(?i)\b(?:{'|'.join(_FUNCTION_WORDS)})\b"


def _replace(pattern: str, content: str) -> dict[str, object]:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


_RULES: dict[Reading, list[dict[str, object]]] = {
    "everything": [],
    "compact_markup": [_replace(_REDACTIONS, "xx"), _replace(_AROUND_AMOUNTS, "")],
    "content_words": [
        _replace(_REDACTIONS, " "),
        _replace(_AROUND_AMOUNTS, ""),
        _replace(_NOT, " not"),
        _replace(_ENDINGS_AND_PUNCTUATION, " "),
        _replace(_ANY_FUNCTION_WORD, ""),
    ],
}


def with_reading(tokenizer_json: bytes, reading: Reading) -> bytes:
    """Return the tokenizer with the reading's rules before its own; as it is when it has them.

    Raises TokenizerError.
    """
    rules = _RULES[reading]
    try:
        tokenizer = msgspec.json.decode(tokenizer_json, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise TokenizerError("tokenizer.json is not a tokenizer file") from error
    own = tokenizer.get("normalizer")
    if not rules or (own and own.get("normalizers", [])[: len(rules)] == rules):
        return tokenizer_json
    normalizers = [*rules, own] if own else rules
    return msgspec.json.encode(
        {**tokenizer, "normalizer": {"type": "Sequence", "normalizers": normalizers}}
    )
