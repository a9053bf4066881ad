import random

import numpy as np

from services.trainer.clusters import (
    SignatureMaker,
    cluster_signatures,
    exact_key,
    merge_clusters,
    shingles,
)

SIMILARITY = 0.7


def text(generator: random.Random, words: int = 120) -> list[str]:
    return [f"word{generator.randrange(5000)}" for _ in range(words)]


def clusters_of(narratives: list[str]) -> list[int]:
    maker = SignatureMaker()
    signatures = np.stack([maker.signature(narrative) for narrative in narratives])
    numbers: list[int] = cluster_signatures(signatures, SIMILARITY).tolist()
    return numbers


def test_templates_with_a_few_words_changed_share_a_cluster() -> None:
    generator = random.Random(1)
    template = text(generator)
    changed = [*template[:60], "another", *template[61:]]

    numbers = clusters_of([" ".join(template), " ".join(text(generator)), " ".join(changed)])

    assert numbers[0] == numbers[2] != numbers[1]


def test_a_chain_of_small_changes_is_one_cluster() -> None:
    words = text(random.Random(2))
    chain = []
    for step in range(12):
        words = [*words[: step * 10], f"new{step}", *words[step * 10 + 1 :]]
        chain.append(" ".join(words))

    assert len(set(clusters_of(chain))) == 1


def test_unrelated_narratives_stay_apart() -> None:
    generator = random.Random(3)

    numbers = clusters_of([" ".join(text(generator)) for _ in range(200)])

    assert len(set(numbers)) == 200


def test_case_and_punctuation_do_not_hide_a_duplicate() -> None:
    assert exact_key("They LIED, twice!") == exact_key("they lied twice")
    assert exact_key("They lied twice") != exact_key("They lied thrice")


def test_a_short_narrative_is_one_shingle() -> None:
    assert shingles("Fraud!") == [b"fraud"]
    assert shingles("a b c d e") == [b"a b c d", b"b c d e"]


def test_merged_clusters_are_whole_in_every_partition() -> None:
    merged = merge_clusters(np.array([1, 1, 2, 3, 4]), np.array([9, 8, 8, 7, 6])).tolist()

    assert merged[0] == merged[1] == merged[2]
    assert len(set(merged)) == 3
