import math

import pytest
import torch
from torch.nn import functional

from services.trainer.config import LossConfig, LossKind
from services.trainer.losses import build_loss, teach_loss

COUNTS = [600, 300, 90, 9, 1]
KINDS: list[LossKind] = [
    "cross_entropy",
    "class_balanced",
    "square_root",
    "focal",
    "logit_adjusted",
]


def plain(kind: LossKind) -> LossConfig:
    return LossConfig(kind=kind, label_smoothing=0.0)


def test_cross_entropy_is_torchs_own() -> None:
    logits, labels = torch.randn(8, 5, generator=torch.manual_seed(1)), torch.arange(8) % 5

    loss = build_loss(LossConfig(kind="cross_entropy", label_smoothing=0.1), COUNTS)

    expected = functional.cross_entropy(logits, labels, label_smoothing=0.1, reduction="none")
    assert torch.allclose(loss(logits, labels), expected)


@pytest.mark.parametrize("kind", ["class_balanced", "square_root", "logit_adjusted"])
def test_mistaking_a_rare_label_costs_more_than_a_frequent_one(kind: LossKind) -> None:
    loss = build_loss(plain(kind), COUNTS)
    undecided = torch.zeros(1, 5)

    assert loss(undecided, torch.tensor([4])) > loss(undecided, torch.tensor([0]))


@pytest.mark.parametrize("kind", ["class_balanced", "square_root"])
def test_weights_leave_the_mean_over_the_training_rows_alone(kind: LossKind) -> None:
    labels = torch.repeat_interleave(torch.arange(5), torch.tensor(COUNTS))

    mean = build_loss(plain(kind), COUNTS)(torch.zeros(len(labels), 5), labels).mean()

    assert mean.item() == pytest.approx(math.log(5), rel=1e-4)


def test_focal_loss_is_cross_entropy_without_focus_and_less_with_it() -> None:
    logits, labels = torch.tensor([[3.0, 0, 0, 0, 0]]), torch.tensor([0])
    entropy = functional.cross_entropy(logits, labels)

    unfocused = build_loss(LossConfig(kind="focal", gamma=0, label_smoothing=0), COUNTS)
    focused = build_loss(LossConfig(kind="focal", gamma=2, label_smoothing=0), COUNTS)

    assert torch.allclose(unfocused(logits, labels), entropy)
    assert focused(logits, labels) < 0.1 * entropy


def test_logit_adjustment_adds_the_log_of_the_prior() -> None:
    logits, labels = torch.zeros(1, 5), torch.tensor([2])

    loss = build_loss(plain("logit_adjusted"), COUNTS)(logits, labels)

    assert loss.item() == pytest.approx(-math.log(90 / 1000), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_without_rows_does_not_break_the_loss(kind: LossKind) -> None:
    loss = build_loss(LossConfig(kind=kind), [10, 10, 10, 10, 0])

    assert torch.isfinite(loss(torch.zeros(2, 5), torch.tensor([0, 1]))).all()


def test_a_teacher_takes_its_share_of_the_loss() -> None:
    logits = torch.tensor([[2.0, 0, 0, 0, 0]])
    losses, taught = torch.tensor([7.0]), torch.tensor([[0.5, 0.5, 0, 0, 0]])

    mixed = teach_loss(losses, logits, taught, share=0.25)

    teachers = -torch.log_softmax(logits, dim=1)[0, :2].mean()
    assert mixed.item() == pytest.approx(0.75 * 7 + 0.25 * teachers.item())
