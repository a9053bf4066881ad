"""A run on a SageMaker endpoint, killed after every effect: endpoint and pointer come to agree."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from libs.registry.champion import model_key
from services.retraining_agent.sagemaker_deployment import EndpointSpec, SageMakerDeployment
from services.retraining_agent.store import ObjectStore
from services.retraining_agent.testing.dying_store import DyingStore, KilledError
from services.retraining_agent.testing.fake_endpoint import FakeEndpoint
from services.retraining_agent.testing.world import FIRST, World, world_with_champion

SPEC = EndpointSpec("complaints", "bucket")


class DyingClient:
    """A SageMaker client that is lost with the store."""

    def __init__(self, endpoint: FakeEndpoint, life: DyingStore) -> None:
        self._endpoint = endpoint
        self._life = life

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._endpoint, name)
        through = self._life.do if name.startswith("describe") else self._life.change
        return lambda **request: through(lambda: call(**request))


def deployment(client: object, store: ObjectStore) -> SageMakerDeployment:
    return SageMakerDeployment(cast(Any, client), store, SPEC)


def go_to_the_end(world: World, store: DyingStore | None = None) -> None:
    for _ in range(8):
        done = world.later(minutes=16).round(store)
        if done.state is None or done.state.step == "done":
            return


def lived_through(effects: int | None) -> tuple[World, FakeEndpoint, DyingStore]:
    world, endpoint = world_with_champion("bad"), FakeEndpoint("config-of-the-first")
    dying = DyingStore(world.store, effects)
    world.deployment = deployment(DyingClient(endpoint, dying), dying)
    if effects is None:
        go_to_the_end(world, dying)
    else:
        with pytest.raises(KilledError):
            go_to_the_end(world, dying)
        world.deployment = deployment(endpoint, world.store)
    return world, endpoint, dying


@pytest.mark.parametrize("effects", range(lived_through(None)[2].effects + 1))
def test_the_endpoint_serves_the_champion_wherever_the_run_was_killed(effects: int) -> None:
    world, endpoint, _ = lived_through(effects)

    go_to_the_end(world)

    champion = world.champion()
    acts = [each for each in world.decisions() if each != "do_nothing"]
    if endpoint.config == "config-of-the-first":
        assert champion.version == FIRST
    else:
        (variant,) = endpoint.configs[endpoint.config]["ProductionVariants"]
        served = endpoint.models[variant["ModelName"]]["PrimaryContainer"]["ModelDataUrl"]
        assert served == f"s3://bucket/{model_key(champion.version, 'model.tar.gz')}"
    assert endpoint.status == "InService"
    assert acts in (["register", "retrain", "promote"], ["register", "retrain", "keep"])
