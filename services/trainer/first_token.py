"""The last layer for the one token that a `cls_mlp` head reads: the same answer for less work."""

import torch
from transformers import DistilBertModel
from transformers.models.distilbert.modeling_distilbert import TransformerBlock


class FirstTokenBlock(TransformerBlock):
    """A layer whose output (batch, 1, width) is that of the first token; keys are all tokens."""

    def forward(
        self,
        x: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
        head_mask: torch.Tensor | None = None,
        output_attentions: bool = False,
    ) -> tuple[torch.Tensor]:
        first = x[:, :1]
        if attn_mask is not None and attn_mask.dim() == 4:  # a row for every query
            attn_mask = attn_mask[:, :, :1]
        (attended,) = self.attention(first, x, x, attn_mask)
        hidden = self.sa_layer_norm(attended + first)
        return (self.output_layer_norm(self.ffn(hidden) + hidden),)


def compute_first_token(encoder: DistilBertModel) -> None:
    """Let the last layer of `encoder` return the first token alone; weights keep their names."""
    last = encoder.transformer.layer[-1]
    block = FirstTokenBlock(encoder.config)
    block.load_state_dict(last.state_dict())
    encoder.transformer.layer[-1] = block.train(last.training)
