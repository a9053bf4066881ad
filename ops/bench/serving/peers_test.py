from pathlib import Path

import torch
from transformers import DistilBertForSequenceClassification

from ops.bench.serving.artifacts import EncoderSize, build_classifier
from ops.bench.serving.peers import write_model

TINY = EncoderSize("tiny", width=128, heads=2, layers=1)


def test_the_peers_model_has_our_weights(tmp_path: Path) -> None:
    ours = build_classifier(TINY)
    ids = torch.randint(5, 30_000, (2, 40), generator=torch.Generator().manual_seed(3))
    mask = torch.ones_like(ids)

    folder = write_model(tmp_path, TINY, max_length=64)
    theirs = DistilBertForSequenceClassification.from_pretrained(folder).eval()

    with torch.no_grad():
        expected = ours(ids, mask)
        torch.testing.assert_close(theirs(ids, mask).logits, expected, rtol=1e-4, atol=1e-5)
