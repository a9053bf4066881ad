"""How a narrative that is too long is cut; works on token ids alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from libs.text.errors import TruncationError

TruncationStrategy = Literal["head", "head_tail"]

SPECIAL_TOKENS = 2  # [CLS] and [SEP]


@dataclass(frozen=True)
class TruncationSpec:
    """Cut to `max_length` tokens, special tokens included.

    `head` keeps the beginning. `head_tail` keeps a quarter of the room for the beginning and the
    rest for the end, the split that Sun et al. (2019, "How to Fine-Tune BERT for Text
    Classification?", 128 + 382 tokens) found best.
    """

    max_length: int = 256
    strategy: TruncationStrategy = "head"

    def __post_init__(self) -> None:
        if not SPECIAL_TOKENS < self.max_length <= 512:
            raise TruncationError(f"max_length is {self.max_length}: expected 3 to 512 tokens")
        if self.strategy not in get_args(TruncationStrategy):
            raise TruncationError(
                f"truncation strategy is {self.strategy!r}: "
                f"expected one of {', '.join(get_args(TruncationStrategy))}"
            )

    def cut(self, body_ids: Sequence[int]) -> list[int]:
        """Return the token ids of the body (without special tokens) that fit."""
        room = self.max_length - SPECIAL_TOKENS
        if len(body_ids) <= room:
            return list(body_ids)
        if self.strategy == "head":
            return list(body_ids[:room])
        head = room // 4
        return [*body_ids[:head], *body_ids[len(body_ids) - (room - head) :]]
