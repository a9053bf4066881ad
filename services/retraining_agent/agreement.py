"""How far two reviewers of the same decision agree."""

from collections import defaultdict
from collections.abc import Iterable

from libs.events.review import Review
from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.intervals import confusion_matrix


def agreement(reviews: Iterable[Review]) -> tuple[float | None, int]:
    """Return Cohen's kappa (1960) and the number of decisions that two reviewers judged.

    Of each decision the last words of its first two reviewers, by name, are compared; kappa is
    None where nothing was judged twice, or where chance alone would agree always.
    """
    pairs = _pairs(reviews)
    if not pairs:
        return None, 0
    first, second = zip(*pairs, strict=True)
    shares = confusion_matrix(first, second, len(LABEL_SCHEMA)) / len(pairs)
    by_chance = float(shares.sum(axis=0) @ shares.sum(axis=1))
    if by_chance == 1:
        return None, len(pairs)
    return (float(shares.trace()) - by_chance) / (1 - by_chance), len(pairs)


def _pairs(reviews: Iterable[Review]) -> list[tuple[int, int]]:
    last_words: dict[str, dict[str, Review]] = defaultdict(dict)
    for review in reviews:
        words = last_words[review.event_id]
        known = words.get(review.reviewer)
        if known is None or review.reviewed_at > known.reviewed_at:
            words[review.reviewer] = review
    return [
        (LABEL_SCHEMA.label_id(first.true_label), LABEL_SCHEMA.label_id(second.true_label))
        for words in last_words.values()
        if len(words) > 1
        for first, second in [[words[name] for name in sorted(words)][:2]]
    ]
