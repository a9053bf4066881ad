"""From logits to a decision: temperature, softmax, label, review. numpy only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from libs.heads.errors import LogitsError
from libs.labels.schema import LabelSchema


@dataclass(frozen=True)
class Decision:
    """The decision for one narrative; `probabilities` are in label-id order and sum to 1."""

    label_id: int
    label_name: str
    confidence: float
    probabilities: tuple[float, ...]
    needs_review: bool


@dataclass(frozen=True)
class DecisionRule:
    """Turns logits into decisions; travels in the artifact's manifest."""

    schema: LabelSchema
    temperature: float
    review_threshold: float

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise LogitsError(f"temperature is {self.temperature}: expected more than 0")
        if not 0 <= self.review_threshold <= 1:
            raise LogitsError(f"review_threshold is {self.review_threshold}: expected 0 to 1")

    def decide(self, logits: npt.NDArray[np.floating] | Sequence[float]) -> Decision:
        """Decide for `logits` of shape (num_labels,); raises LogitsError.

        The arithmetic is float64 over one row, so an answer never depends on its neighbours.
        """
        row = np.asarray(logits, dtype=np.float64)
        if row.shape != (len(self.schema),):
            raise LogitsError(f"logits have shape {row.shape}: expected ({len(self.schema)},)")
        if not np.isfinite(row).all():
            raise LogitsError("logits are not finite")
        probabilities = softmax(row, self.temperature)
        label_id = int(probabilities.argmax())
        confidence = float(probabilities[label_id])
        return Decision(
            label_id=label_id,
            label_name=self.schema.label_name(label_id),
            confidence=confidence,
            probabilities=tuple(probabilities.tolist()),
            needs_review=confidence < self.review_threshold,
        )


def softmax(logits: npt.NDArray[np.float64], temperature: float) -> npt.NDArray[np.float64]:
    """Return softmax(logits / temperature) over the last axis (Guo et al. 2017, eq. 9)."""
    scaled = logits / temperature
    exponentials = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    result: npt.NDArray[np.float64] = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return result
