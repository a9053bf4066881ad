from libs.events.invocations import Prediction
from services.serving.cache import AnswerCache


class Lookups:
    def __init__(self) -> None:
        self.outcomes: list[str] = []

    def looked_up(self, outcome: str) -> None:
        self.outcomes.append(outcome)


def answer(label: str) -> Prediction:
    return Prediction(label, 0.9, {label: 0.9}, needs_review=False, is_truncated=False, tokens=5)


def test_an_exact_repeat_gets_the_same_answer() -> None:
    lookups = Lookups()
    cache = AnswerCache(2, lookups)

    cache.put("my card", answer("credit_card"))

    assert cache.get("my card") == answer("credit_card")
    assert cache.get("My card") is None
    assert lookups.outcomes == ["hit", "miss"]


def test_the_least_used_answer_leaves_first() -> None:
    cache = AnswerCache(2, Lookups())
    for narrative in ("one", "two"):
        cache.put(narrative, answer(narrative))

    cache.get("one")
    cache.put("three", answer("three"))

    assert [cache.get(text) is not None for text in ("one", "two", "three")] == [True, False, True]


def test_a_cache_without_room_looks_nothing_up() -> None:
    lookups = Lookups()
    cache = AnswerCache(0, lookups)

    cache.put("my card", answer("credit_card"))

    assert cache.get("my card") is None
    assert lookups.outcomes == []
