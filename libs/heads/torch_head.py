"""The classification head as a torch module. Imported by the trainer and the exporter alone."""

import torch
from torch import nn

from libs.heads.spec import HeadSpec


class ClassificationHead(nn.Module):
    """Hidden states (batch, length, hidden_size) to logits (batch, num_labels)."""

    def __init__(self, spec: HeadSpec) -> None:
        super().__init__()
        self.spec = spec
        self.bottleneck = nn.Linear(spec.pooled_size, spec.bottleneck)
        self.dropout = nn.Dropout(spec.dropout)
        self.output = nn.Linear(spec.bottleneck, spec.num_labels)

    def forward(self, hidden_states: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        pooled = self._pool(hidden_states, attention_mask)
        logits: torch.Tensor = self.output(self.dropout(torch.relu(self.bottleneck(pooled))))
        return logits

    def _pool(self, hidden_states: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        if self.spec.kind == "cls_mlp":
            return hidden_states[:, 0]
        mean = _masked_mean(hidden_states, attention_mask)
        if self.spec.kind == "mean":
            return mean
        return torch.cat([hidden_states[:, 0], mean], dim=-1)


def _masked_mean(hidden_states: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
    mask = attention_mask.unsqueeze(-1).to(hidden_states.dtype)
    return (hidden_states * mask).sum(dim=1) / mask.sum(dim=1)
