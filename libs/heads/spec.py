"""What a classification head is, without torch: its pooling and its sizes."""

from dataclasses import dataclass
from typing import Literal, get_args

from libs.heads.errors import HeadSpecError

HeadKind = Literal["cls_mlp", "mean", "cls_mean"]


@dataclass(frozen=True)
class HeadSpec:
    """Pooling -> Linear(bottleneck) -> ReLU -> Dropout -> Linear(num_labels).

    `cls_mlp` pools the [CLS] vector, `mean` the masked mean of all tokens, `cls_mean` both. The
    scores of a sparse linear branch over `ngrams` token n-grams are added to the logits; 0 is none.
    """

    kind: HeadKind
    hidden_size: int
    num_labels: int
    bottleneck: int = 128
    dropout: float = 0.3
    ngrams: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(HeadKind):
            raise HeadSpecError(
                f"head kind is {self.kind!r}: expected one of {', '.join(get_args(HeadKind))}"
            )
        for field in ("hidden_size", "num_labels", "bottleneck"):
            value = getattr(self, field)
            if value < 1:
                raise HeadSpecError(f"head {field} is {value!r}: expected a positive integer")
        if self.ngrams < 0:
            raise HeadSpecError(f"head ngrams is {self.ngrams!r}: expected 0 or more")
        if not 0 <= self.dropout < 1:
            raise HeadSpecError(f"head dropout is {self.dropout!r}: expected 0 <= dropout < 1")

    @property
    def pooled_size(self) -> int:
        return 2 * self.hidden_size if self.kind == "cls_mean" else self.hidden_size

    @property
    def reads_first_token(self) -> bool:
        """Whether the head reads the first token's hidden state and no other."""
        return self.kind == "cls_mlp"
