import pytest

from ops.bench.consumer.redaction import score
from ops.bench.consumer.redaction_set import Sample, draw_samples


def test_the_same_seed_draws_the_same_set() -> None:
    assert draw_samples(20, seed=3) == draw_samples(20, seed=3)
    assert draw_samples(20, seed=3) != draw_samples(20, seed=4)


@pytest.mark.parametrize("seed", range(3))
def test_redaction_finds_nearly_all_identifiers_and_little_else(seed: int) -> None:
    result = score(draw_samples(1_000, seed))

    assert all(result.recall(kind) >= 0.98 for kind in result.identifiers)
    assert result.precision >= 0.98


def test_what_is_missed_and_what_is_hit_in_error_both_count() -> None:
    missed = Sample("my code is QX-71", (("account", "QX-71"),), ())
    hit = Sample("my account number is 1234567", (), ("1234567",))

    result = score([missed, hit])

    assert (result.missed["account"], result.hit) == (1, 1)
    assert (result.total_recall, result.precision) == (0.0, 0.0)
