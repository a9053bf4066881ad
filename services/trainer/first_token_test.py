import pytest
import torch
from transformers import DistilBertConfig, DistilBertModel

from services.trainer.first_token import compute_first_token


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_the_first_token_is_the_one_that_the_whole_encoder_returns(attention: str) -> None:
    torch.manual_seed(3)
    config = DistilBertConfig(
        vocab_size=30, dim=16, n_layers=2, n_heads=2, hidden_dim=32, attn_implementation=attention
    )
    encoder = DistilBertModel(config).eval()
    batch = {
        "input_ids": torch.tensor([[2, 7, 8, 3], [2, 9, 3, 0]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]]),
    }
    names = list(encoder.state_dict())

    with torch.no_grad():
        whole = encoder(**batch).last_hidden_state
        compute_first_token(encoder)
        first = encoder(**batch).last_hidden_state

    assert first.shape == (2, 1, 16)
    torch.testing.assert_close(first, whole[:, :1])
    assert list(encoder.state_dict()) == names
