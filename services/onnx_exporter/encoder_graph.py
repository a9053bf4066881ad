"""The classifier written so that its trace has the graph that ONNX Runtime's fusions look for.

The weights are the trained ones and the arithmetic is DistilBERT's. Only the order of operations is
BERT's: positions counted from `input_ids`, scores scaled after the product, the mask added. The
trace of the library's own DistilBERT leaves attention and embeddings unfused.
"""

import math
from typing import cast

import torch
from torch import nn
from transformers.models.distilbert.modeling_distilbert import TransformerBlock

from libs.heads.torch_classifier import ComplaintClassifier


class FusibleClassifier(nn.Module):
    """`input_ids` and `attention_mask`, both (batch, length) int64, to logits (batch, labels)."""

    def __init__(self, classifier: ComplaintClassifier) -> None:
        super().__init__()
        config = classifier.encoder.config
        self.embeddings = classifier.encoder.embeddings
        self.blocks = nn.ModuleList(
            FusibleBlock(cast(TransformerBlock, layer), config.n_heads)
            for layer in classifier.encoder.transformer.layer
        )
        self.head = classifier.head
        positions = torch.arange(config.max_position_embeddings).unsqueeze(0)
        self.register_buffer("positions", positions, persistent=False)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        hidden = self._embed(input_ids)
        bias = _attention_bias(attention_mask)
        for block in self.blocks:
            hidden = block(hidden, bias)
        logits: torch.Tensor = self.head(hidden, attention_mask)
        return logits

    def _embed(self, input_ids: torch.Tensor) -> torch.Tensor:
        positions = self.get_buffer("positions")[:, : input_ids.shape[1]]
        words = self.embeddings.word_embeddings(input_ids)
        embedded: torch.Tensor = self.embeddings.LayerNorm(
            words + self.embeddings.position_embeddings(positions)
        )
        return embedded


class FusibleBlock(nn.Module):
    """One transformer layer over hidden states (batch, length, width)."""

    def __init__(self, layer: TransformerBlock, heads: int) -> None:
        super().__init__()
        self.attention = layer.attention
        self.attention_norm = layer.sa_layer_norm
        self.widen = layer.ffn.lin1
        self.narrow = layer.ffn.lin2
        self.output_norm = layer.output_layer_norm
        self.heads = heads
        self.width = layer.attention.dim

    def forward(self, hidden: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        attended = self.attention.out_lin(self._attend(hidden, bias))
        hidden = self.attention_norm(attended + hidden)
        widened = nn.functional.gelu(self.widen(hidden))
        output: torch.Tensor = self.output_norm(self.narrow(widened) + hidden)
        return output

    def _attend(self, hidden: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        query = self._split(self.attention.q_lin(hidden))
        key = self._split(self.attention.k_lin(hidden))
        value = self._split(self.attention.v_lin(hidden))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(self.width // self.heads)
        context = torch.matmul(torch.softmax(scores + bias, dim=-1), value)
        merged = context.transpose(1, 2).contiguous()
        return merged.view(merged.shape[0], -1, self.width)

    def _split(self, hidden: torch.Tensor) -> torch.Tensor:
        size = self.width // self.heads
        return hidden.view(hidden.shape[0], -1, self.heads, size).transpose(1, 2)


def _attention_bias(attention_mask: torch.Tensor) -> torch.Tensor:
    mask = attention_mask[:, None, None, :].to(torch.float32)
    return (1.0 - mask) * torch.finfo(torch.float32).min
