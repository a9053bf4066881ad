import numpy as np

from ops.bench.trainer.narratives import NarrativeSpec, generate_narratives
from services.trainer.clusters import SignatureMaker, cluster_signatures


def narratives(spec: NarrativeSpec) -> list[str]:
    return [text for chunk in generate_narratives(spec, chunk=200) for text in chunk]


def test_narratives_are_as_many_and_as_long_as_wanted_and_the_same_again() -> None:
    texts = narratives(NarrativeSpec(1000, seed=3))

    assert len(texts) == 1000
    assert 120 < np.median([len(text.split()) for text in texts]) < 160
    assert texts == narratives(NarrativeSpec(1000, seed=3))


def test_about_the_wanted_share_has_a_near_duplicate() -> None:
    texts = narratives(NarrativeSpec(400, duplicates=0.2))
    maker = SignatureMaker()

    clusters = cluster_signatures(np.stack([maker.signature(text) for text in texts]), 0.7)

    assert 0.7 < len(np.unique(clusters)) / len(texts) < 0.9
