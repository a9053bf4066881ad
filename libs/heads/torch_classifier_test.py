from pathlib import Path

import pytest
import torch
from transformers import DistilBertConfig, DistilBertModel

from libs.heads.errors import WeightsError
from libs.heads.spec import HeadKind, HeadSpec
from libs.heads.torch_classifier import ComplaintClassifier, load_classifier, save_classifier
from libs.heads.torch_head import ClassificationHead
from libs.heads.torch_ngrams import NgramBranch

INPUT_IDS = torch.tensor([[2, 7, 8, 3]])


def small_classifier(kind: HeadKind = "cls_mlp") -> ComplaintClassifier:
    torch.manual_seed(7)
    config = DistilBertConfig(vocab_size=30, dim=16, n_layers=2, n_heads=2, hidden_dim=32)
    head = ClassificationHead(HeadSpec(kind=kind, hidden_size=16, num_labels=5))
    return ComplaintClassifier(DistilBertModel(config), head).eval()


@pytest.mark.parametrize("kind", ["cls_mlp", "mean", "cls_mean"])
@torch.no_grad()
def test_padding_does_not_change_the_logits(kind: HeadKind) -> None:
    classifier = small_classifier(kind)
    padded_ids = torch.tensor([[2, 7, 8, 3, 0, 0]])

    alone = classifier(INPUT_IDS, torch.ones_like(INPUT_IDS))
    padded = classifier(padded_ids, torch.tensor([[1, 1, 1, 1, 0, 0]]))

    torch.testing.assert_close(alone, padded, atol=1e-5, rtol=0)


@torch.no_grad()
def test_a_classifier_survives_a_round_trip_to_disk(tmp_path: Path) -> None:
    classifier = small_classifier("cls_mean")
    save_classifier(classifier, tmp_path)

    restored = load_classifier(tmp_path, classifier.head.spec)

    mask = torch.ones_like(INPUT_IDS)
    assert torch.equal(restored(INPUT_IDS, mask), classifier(INPUT_IDS, mask))


def test_weights_of_another_head_are_refused(tmp_path: Path) -> None:
    save_classifier(small_classifier("cls_mlp"), tmp_path)

    with pytest.raises(WeightsError, match="do not fit"):
        load_classifier(tmp_path, HeadSpec(kind="cls_mean", hidden_size=16, num_labels=5))


def test_a_missing_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no readable classifier"):
        load_classifier(tmp_path, HeadSpec(kind="cls_mlp", hidden_size=16, num_labels=5))


def test_a_head_for_another_width_is_refused() -> None:
    encoder = small_classifier().encoder
    head = ClassificationHead(HeadSpec(kind="mean", hidden_size=32, num_labels=5))

    with pytest.raises(WeightsError, match="32.*16"):
        ComplaintClassifier(encoder, head)


@torch.no_grad()
def test_a_sparse_branch_adds_its_scores_and_survives_a_round_trip(tmp_path: Path) -> None:
    classifier, mask = small_classifier(), torch.ones_like(INPUT_IDS)
    without = classifier(INPUT_IDS, mask)
    branch = NgramBranch(
        torch.tensor([7, 8]), torch.ones(2), torch.full((2, 5), 3.0), torch.zeros(5)
    )

    classifier.add_ngrams(branch)
    save_classifier(classifier, tmp_path)
    restored = load_classifier(tmp_path, classifier.head.spec)

    torch.testing.assert_close(restored(INPUT_IDS, mask), without + branch(INPUT_IDS))
    assert classifier.head.spec.ngrams == 2
