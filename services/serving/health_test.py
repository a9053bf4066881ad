import pytest

from services.serving.errors import NotReadyError
from services.serving.health import Health, State


def test_only_a_passed_self_test_makes_it_ready() -> None:
    health = Health()
    with pytest.raises(NotReadyError, match="loading"):
        health.require_ready()

    health.passed_self_test()

    health.require_ready()
    assert health.state is State.READY


def test_a_broken_model_may_recover() -> None:
    health = Health()
    health.failed()

    health.passed_self_test()

    assert health.state is State.READY


@pytest.mark.parametrize("event", ["passed_self_test", "failed"])
def test_nothing_follows_draining(event: str) -> None:
    health = Health()
    health.drain()

    getattr(health, event)()

    assert health.state is State.DRAINING
