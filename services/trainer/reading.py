"""Rules of `tokenizer.json` for what of a narrative becomes tokens: fewer of them, that say more.

The bureau blackens with runs of X (XXXX, XX/XX/XXXX), two to six tokens each, and sets amounts as
{$10.00}. Of what is left, more than half is punctuation and words such as "the", which complaints
about anything share. Everything is English, as the bureau's narratives are.
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
# Not here, since they tell products or sides apart: not, no, never, without, against; off, out,
# over and down (charge off, opt out, over draft, down payment); us, which is also a bank's name.
_FUNCTION_WORDS = """
    a about above after again all also am an and any are as at be because been before being both
    but by can could did do does doing during each even for from further had has have having he
    her here hers him his how i if in into is it its just me more most my myself of on once only
    or other our ours own same she should so some such than that the their theirs them
    themselves then there these they this those through to too under until up very was we were
    what when where which while who whom why will with would you your yours
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
