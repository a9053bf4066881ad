"""The sparse branch: a linear model over token n-grams, whose scores are added to the logits.

Features are the distinct tokens and token pairs of a narrative, weighted by inverse document
frequency and scaled to length 1: what ONNX's TfIdfVectorizer computes in its mode IDF. Padding
forms no known n-gram, so it changes nothing.
"""

import torch
from torch import nn

PAIR_SHIFT = 32


class NgramBranch(nn.Module):
    """`keys` (ngrams,) int64 ascending, `idf` (ngrams,), `weights` (ngrams, num_labels), `bias`.

    The key of a token is its id; that of a pair is (first + 1) << 32 | second.
    """

    keys: torch.Tensor
    idf: torch.Tensor
    weights: torch.Tensor
    bias: torch.Tensor

    def __init__(
        self, keys: torch.Tensor, idf: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor
    ) -> None:
        super().__init__()
        self.register_buffer("keys", keys)
        self.register_buffer("idf", idf)
        self.register_buffer("weights", weights)
        self.register_buffer("bias", bias)

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Token ids (batch, length) int64 to scores (batch, num_labels)."""
        wanted = ngram_keys(input_ids).sort(dim=1).values
        places = torch.searchsorted(self.keys, wanted).clamp(max=len(self.keys) - 1)
        is_counted = self.keys[places] == wanted
        is_counted[:, 1:] &= wanted[:, 1:] != wanted[:, :-1]
        features = self.idf[places] * is_counted
        norm = features.norm(dim=1, keepdim=True).clamp(min=torch.finfo(features.dtype).tiny)
        scores = torch.einsum("bn,bnl->bl", features / norm, self.weights[places])
        return scores + self.bias

    def scaled(self, factor: float) -> "NgramBranch":
        """Return the branch whose scores are `factor` times as large."""
        return NgramBranch(self.keys, self.idf, self.weights * factor, self.bias * factor)


def empty_branch(ngrams: int, num_labels: int) -> NgramBranch:
    """Return a branch of the wanted size, to load weights into."""
    return NgramBranch(
        torch.zeros(ngrams, dtype=torch.int64),
        torch.zeros(ngrams),
        torch.zeros(ngrams, num_labels),
        torch.zeros(num_labels),
    )


def ngram_keys(input_ids: torch.Tensor) -> torch.Tensor:
    """Return the keys (batch, 2 * length - 1) of every token and every pair of neighbours."""
    pairs = ((input_ids[:, :-1] + 1) << PAIR_SHIFT) | input_ids[:, 1:]
    return torch.cat([input_ids, pairs], dim=1)
