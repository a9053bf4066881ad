import pytest
import torch

from libs.heads.spec import HeadKind
from services.onnx_exporter.encoder_graph import FusibleClassifier
from services.onnx_exporter.testing.checkpoints import ModelShape, random_classifier


@pytest.mark.parametrize("kind", ["cls_mlp", "mean", "cls_mean"])
@torch.no_grad()
def test_the_rewritten_classifier_gives_the_same_logits(kind: HeadKind) -> None:
    classifier = random_classifier(ModelShape(head_kind=kind, ngrams=0), num_labels=5)
    input_ids = torch.randint(5, 150, (3, 40), generator=torch.Generator().manual_seed(1))
    mask = (torch.arange(40) < torch.tensor([[40], [17], [1]])).to(torch.int64)

    expected = classifier(input_ids, mask)
    found = FusibleClassifier(classifier)(input_ids, mask)

    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@torch.no_grad()
def test_padding_on_the_left_is_masked_too() -> None:
    classifier = random_classifier(ModelShape(head_kind="mean", ngrams=0), num_labels=5)
    input_ids = torch.tensor([[0, 0, 7, 8, 9]])
    mask = torch.tensor([[0, 0, 1, 1, 1]])

    found = FusibleClassifier(classifier)(input_ids, mask)

    torch.testing.assert_close(found, classifier(input_ids, mask), atol=1e-5, rtol=0)
