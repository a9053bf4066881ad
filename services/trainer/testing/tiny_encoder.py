"""An encoder of a few thousand weights with a vocabulary of a few words, for tests."""

from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import DistilBertConfig, DistilBertModel

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
TOPICS = {
    "credit_card": ["card", "interest", "limit"],
    "credit_reporting": ["report", "bureau", "dispute"],
    "debt_collection": ["collector", "calls", "debt"],
    "mortgages_and_loans": ["mortgage", "escrow", "loan"],
    "retail_banking": ["account", "branch", "deposit"],
}
FILLERS = ["they", "never", "answered", "my", "letter", "about", "the", "again", "today", "please"]


def write_tiny_encoder(folder: Path, seed: int = 3, dropout: float = 0.1) -> Path:
    """Write config.json, model.safetensors and tokenizer.json into the new `folder`."""
    words = SPECIAL + FILLERS + [word for topic in TOPICS.values() for word in topic]
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    config = DistilBertConfig(
        vocab_size=len(words),
        max_position_embeddings=64,
        dim=16,
        n_layers=2,
        n_heads=2,
        hidden_dim=32,
        dropout=dropout,
        attention_dropout=dropout,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        DistilBertModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
