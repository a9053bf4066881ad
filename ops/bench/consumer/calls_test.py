import pytest

from ops.bench.consumer.calls import endpoint_calls, poison_batch

NARRATIVES = [f"They charged me {number} times." for number in range(100)]


def test_a_hundred_narratives_take_few_calls() -> None:
    assert endpoint_calls(NARRATIVES) == 2


@pytest.mark.parametrize(
    "kind",
    ["no JSON", "an endpoint that refuses the item", "an endpoint that refuses the whole call"],
)
def test_a_poison_record_is_harmless_in_its_batch(kind: str) -> None:
    result = poison_batch(kind, NARRATIVES)

    assert result.is_harmless
    assert result.logged == 99
