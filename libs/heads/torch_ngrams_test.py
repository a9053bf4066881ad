import math

import torch

from libs.heads.torch_ngrams import NgramBranch, ngram_keys


def small_branch() -> NgramBranch:
    keys = torch.tensor([7, 8, (8 << 32) | 8])  # the tokens 7 and 8, and the pair 7 8
    return NgramBranch(
        keys,
        idf=torch.tensor([1.0, 2.0, 2.0]),
        weights=torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 4.0]]),
        bias=torch.tensor([0.5, 0.0]),
    )


def test_a_pair_has_a_key_of_its_own() -> None:
    keys = ngram_keys(torch.tensor([[7, 8]]))

    assert keys.tolist() == [[7, 8, (8 << 32) | 8]]


def test_known_ngrams_are_weighted_and_scaled_to_length_one() -> None:
    scores = small_branch()(torch.tensor([[7, 8]]))

    torch.testing.assert_close(scores, torch.tensor([[0.5 + 1 / 3, (2 + 8) / 3]]))


def test_a_repeated_ngram_counts_once() -> None:
    branch = small_branch()

    repeated, single = branch(torch.tensor([[7, 9, 7]])), branch(torch.tensor([[7]]))

    torch.testing.assert_close(repeated, single)


def test_padding_changes_nothing() -> None:
    branch = small_branch()

    padded, alone = branch(torch.tensor([[8, 7, 0, 0]])), branch(torch.tensor([[8, 7]]))

    assert torch.equal(padded, alone)
    assert math.isclose(alone[0, 1].item(), 2 / math.sqrt(5), rel_tol=1e-6)


def test_nothing_known_leaves_the_bias() -> None:
    assert small_branch()(torch.tensor([[1, 2]])).tolist() == [[0.5, 0.0]]


def test_a_scaled_branch_scores_as_much_more() -> None:
    branch, ids = small_branch(), torch.tensor([[7, 8]])

    torch.testing.assert_close(branch.scaled(0.5)(ids), branch(ids) * 0.5)
