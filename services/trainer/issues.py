"""Learning what a complaint is about beside its label: a second head, gone after training.

The form asks for an issue within each product, so there are more of them than there are labels, and
what the issues of a label have in common is what the label means. Caruana 1997, "Multitask
Learning".
"""

from collections import Counter

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from libs.heads.torch_classifier import ComplaintClassifier
from services.trainer.dataset import NO_ISSUE, TokenizedSplit
from services.trainer.errors import DataError


def number_issues(split: TokenizedSplit, minimum_rows: int) -> npt.NDArray[np.int64]:
    """Return ids (rows,), one for each label and issue that has `minimum_rows`, else `NO_ISSUE`.

    Raises DataError where there is none.
    """
    pairs = list(zip(split.label_ids.tolist(), split.issues, strict=True))
    counts = Counter(pair for pair in pairs if pair[1])
    kept = sorted(pair for pair, count in counts.items() if count >= minimum_rows)
    if not kept:
        raise DataError(
            f"no issue of a label has {minimum_rows} training rows: set loss.issue_weight to 0, "
            "lower loss.issue_rows, or add a column issue"
        )
    numbers = {pair: number for number, pair in enumerate(kept)}
    return np.array([numbers.get(pair, NO_ISSUE) for pair in pairs], dtype=np.int64)


class IssueClassifier(nn.Module):
    """A classifier that tells issues as well, from the token that stands for the narrative."""

    def __init__(self, classifier: ComplaintClassifier, num_issues: int) -> None:
        super().__init__()
        self.classifier = classifier
        self.issue_head = nn.Linear(classifier.head.spec.hidden_size, num_issues)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids and mask, both (batch, length) int64, to logits of labels and of issues."""
        output = self.classifier.encoder(input_ids=input_ids, attention_mask=attention_mask)
        hidden = output.last_hidden_state
        return self.classifier.head(hidden, attention_mask), self.issue_head(hidden[:, 0])


def issue_losses(logits: torch.Tensor, issue_ids: torch.Tensor) -> torch.Tensor:
    """Return each row's cross-entropy (batch,), 0 where it has no issue."""
    return functional.cross_entropy(
        logits.float(), issue_ids, reduction="none", ignore_index=NO_ISSUE
    )
