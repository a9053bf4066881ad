"""Writes the publisher's marks shorter before they become tokens: few of them say anything.

The bureau blackens with runs of X (XXXX, XX/XX/XXXX), two to six tokens each, and sets amounts as
{$10.00}. One token a run, and $10, leave a tenth more of the limit to the consumer's own words.
"""

from typing import Any

import msgspec
from tokenizers import Regex, Tokenizer, normalizers

# No quantifier gives back what it took, so that no narrative takes more than linear time.
_REDACTIONS = r"(?<![0-9A-Za-z])[Xx][Xx]++(?>[\s/\-]++[Xx][Xx]++)*(?![0-9A-Za-z])"
_REDACTION = "xx"
_AROUND_AMOUNTS = r"\{(?=\$)|(?<=\d)\.\d\d\}"


def compact_markup(tokenizer_json: bytes) -> bytes:
    """Return the tokenizer with rules for the marks before its own; as it is when it has them."""
    rules = [
        normalizers.Replace(Regex(_REDACTIONS), _REDACTION),
        normalizers.Replace(Regex(_AROUND_AMOUNTS), ""),
    ]
    tokenizer = Tokenizer.from_buffer(tokenizer_json)
    if _begins_with(tokenizer.normalizer, rules):
        return tokenizer_json
    own = [] if tokenizer.normalizer is None else [tokenizer.normalizer]
    tokenizer.normalizer = normalizers.Sequence([*rules, *own])
    return str(tokenizer.to_str()).encode()


def _begins_with(
    normalizer: normalizers.Normalizer | None, rules: list[normalizers.Replace]
) -> bool:
    found = [] if normalizer is None else _state(normalizer).get("normalizers", [])
    return bool(found[: len(rules)] == [_state(rule) for rule in rules])


def _state(normalizer: normalizers.Normalizer) -> dict[str, Any]:
    return msgspec.json.decode(normalizer.__getstate__(), type=dict[str, Any])
