"""Writes the publisher's marks shorter before they become tokens: few of them say anything.

The bureau blackens with runs of X (XXXX, XX/XX/XXXX), two to six tokens each, and sets amounts as
{$10.00}. One token a run, and $10, leave a tenth more of the limit to the consumer's own words.
"""

from typing import Any

import msgspec

from libs.text.errors import TokenizerError

# No quantifier gives back what it took, so that no narrative takes more than linear time.
_REDACTIONS = r"(?<![0-9A-Za-z])[Xx][Xx]++(?>[\s/\-]++[Xx][Xx]++)*(?![0-9A-Za-z])"
_AROUND_AMOUNTS = r"\{(?=\$)|(?<=\d)\.\d\d\}"
_RULES = [
    {"type": "Replace", "pattern": {"Regex": _REDACTIONS}, "content": "xx"},
    {"type": "Replace", "pattern": {"Regex": _AROUND_AMOUNTS}, "content": ""},
]


def compact_markup(tokenizer_json: bytes) -> bytes:
    """Return the tokenizer with rules for the marks before its own; as it is when it has them.

    Raises TokenizerError.
    """
    try:
        tokenizer = msgspec.json.decode(tokenizer_json, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise TokenizerError("tokenizer.json is not a tokenizer file") from error
    own = tokenizer.get("normalizer")
    if own and own.get("normalizers", [])[: len(_RULES)] == _RULES:
        return tokenizer_json
    rules = [*_RULES, own] if own else _RULES
    return msgspec.json.encode(
        {**tokenizer, "normalizer": {"type": "Sequence", "normalizers": rules}}
    )
