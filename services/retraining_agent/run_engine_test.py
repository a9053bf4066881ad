"""A run from its decision to its end, killed after every effect that it has."""

import pytest

from libs.registry.champion import CHAMPION_KEY
from services.retraining_agent.approval import Approval, find_approval, give_approval
from services.retraining_agent.errors import BadInputError
from services.retraining_agent.lease import LeaseHeldError
from services.retraining_agent.ledger_store import LedgerStore
from services.retraining_agent.model_record import read_record
from services.retraining_agent.orders import RollBackOrder, cancel, roll_back
from services.retraining_agent.run_state import RunStore
from services.retraining_agent.shadow import VariantTraffic
from services.retraining_agent.testing.dying_store import DyingStore, KilledError
from services.retraining_agent.testing.fakes import (
    FakeDeployment,
    FakeJobs,
    FakeShadow,
    fake_digest,
)
from services.retraining_agent.testing.world import (
    FIRST,
    World,
    add_reviewed_traffic,
    base_data,
    leave_after_one_look,
    with_policy,
    world_with_champion,
)

ORDER = RollBackOrder("ana", "it is rude", None)


def long_way_round(quality: str = "bad") -> World:
    """Return a world in which a promotion takes every step there is: shadow, watch and all."""
    world = with_policy(world_with_champion(quality), shadow_minutes=5, require_approval=True)
    world.deployment = FakeDeployment(is_watchable=True)
    return world


def go_all_the_way(world: World, store: DyingStore | None = None) -> None:
    """Go on with rounds until a run has ended, approving what waits for it."""
    for _ in range(4):
        done = world.later(minutes=16).round(store)
        if done.state is None or done.state.step == "done":
            return
        if done.decision.awaits_approval and not find_approval(world.store, done.state.run_id):
            yes = Approval(decision="approve", by="ana", at=world.now())
            give_approval(world.store, done.state.run_id, yes)


def effects_of_a_promotion() -> int:
    world = long_way_round()
    counted = DyingStore(world.store, None)
    go_all_the_way(world, counted)
    return counted.effects


def effects_of_a_roll_back() -> int:
    world = world_with_champion()
    world.round()
    counted = DyingStore(world.store, None)
    roll_back(world.ports(counted), world.lease(counted), leave_after_one_look, ORDER)
    return counted.effects


def has_one_champion(world: World) -> bool:
    """Say whether the pointer names a champion that is all there, and the ledger names it."""
    champion = world.champion()
    entries = list(LedgerStore(world.store).entries())
    named = entries[champion.ledger_number - 1].champion
    assert champion.artifact_key in world.store.objects
    assert read_record(world.store, champion.version).model_digest == champion.model_digest
    assert named is not None
    return (named.version, named.model_digest) == (champion.version, champion.model_digest)


def is_whole(world: World) -> bool:
    """Say whether there is one champion, crowned once, and the ledger is true."""
    champion = world.champion()
    entries = list(LedgerStore(world.store).entries())
    crowned = [e.champion for e in entries if e.champion and e.champion.version == champion.version]
    assert has_one_champion(world)
    assert len(crowned) == 1
    return LedgerStore(world.store).verify() == len(entries)


def test_a_better_candidate_becomes_champion_with_proof_and_record() -> None:
    world = world_with_champion("bad")

    done = world.round()

    champion = world.champion()
    assert world.decisions() == ["register", "retrain", "promote"]
    assert done.state is not None
    assert champion.version == done.state.run_id
    assert f"registry/models/{champion.version}/proof.json" in world.store.objects
    assert read_record(world.store, champion.version).parent_version == FIRST
    assert is_whole(world)


def test_a_candidate_that_is_no_better_is_not_promoted() -> None:
    world = world_with_champion("good")

    world.round()

    assert world.decisions() == ["register", "retrain", "keep"]
    assert world.champion().version == FIRST


@pytest.mark.parametrize("effects", range(effects_of_a_promotion() + 1))
def test_a_run_killed_after_any_effect_ends_in_the_same_place(effects: int) -> None:
    world = long_way_round()
    with pytest.raises(KilledError):
        go_all_the_way(world, DyingStore(world.store, effects))
    assert has_one_champion(world)

    go_all_the_way(world)

    assert world.champion().version != FIRST
    acts = [each for each in world.decisions() if each != "do_nothing"]
    assert acts == ["register", "retrain", "promote"]
    assert is_whole(world)


@pytest.mark.parametrize("effects", range(effects_of_a_roll_back() + 1))
def test_a_roll_back_killed_after_any_effect_ends_in_the_same_place(effects: int) -> None:
    world = world_with_champion()
    world.round()
    dying = DyingStore(world.store, effects)
    with pytest.raises(KilledError):
        roll_back(world.ports(dying), world.lease(dying), leave_after_one_look, ORDER)
    assert has_one_champion(world)

    world.later(minutes=16)
    if world.champion().version != FIRST or RunStore(world.store).current():
        roll_back(world.ports(), world.lease(), leave_after_one_look, ORDER)

    assert world.champion().version == FIRST
    assert world.decisions() == ["register", "retrain", "promote", "roll_back"]
    assert LedgerStore(world.store).verify() == 4


def test_while_one_run_holds_the_lease_another_does_not_begin() -> None:
    world = world_with_champion()
    world.lease().acquire()

    with pytest.raises(LeaseHeldError, match="round 1"):
        world.round()

    world.later(minutes=16).round()
    assert world.decisions()[-1] == "promote"


def test_a_run_whose_lease_was_taken_over_does_nothing_more() -> None:
    world = world_with_champion()
    stale = world.lease()
    stale.acquire()
    world.later(minutes=16).lease().acquire()

    with pytest.raises(LeaseHeldError):
        stale.renew()


def test_a_job_that_still_runs_is_left_to_the_next_round() -> None:
    world = world_with_champion()
    world.jobs = FakeJobs(looks=2)

    steps = [
        done.state.step for done in (world.round(), world.round(), world.round()) if done.state
    ]

    assert steps == ["train", "train", "done"]
    assert world.decisions() == ["register", "retrain", "promote"]


def test_a_job_that_fails_leaves_the_champion_and_says_so() -> None:
    world = world_with_champion()
    world.jobs = FakeJobs(fails=True)

    done = world.round()

    assert world.decisions() == ["register", "retrain", "keep"]
    assert done.decision.verdict == "the training job failed"


def test_a_deployment_that_fails_is_taken_back() -> None:
    world = world_with_champion()
    deployment = world.deployment = FakeDeployment(fails=True)

    world.round()

    assert world.champion().version == FIRST
    assert deployment.served == [FIRST]
    assert world.decisions()[-1] == "keep"


def test_a_candidate_waits_for_approval_where_the_policy_asks() -> None:
    world = with_policy(world_with_champion(), require_approval=True)
    waiting = world.round()
    assert waiting.state is not None
    assert waiting.decision.awaits_approval in (f"agent/approvals/{waiting.state.run_id}.json",)

    approval = Approval(decision="approve", by="ana", at=world.now())
    give_approval(world.store, waiting.state.run_id, approval)
    world.round()

    assert world.decisions()[-1] == "promote"


def test_a_denial_keeps_the_champion() -> None:
    world = with_policy(world_with_champion(), require_approval=True)
    waiting = world.round()
    assert waiting.state is not None

    denial = Approval(decision="deny", by="ana", at=world.now(), reason="not on a Friday")
    give_approval(world.store, waiting.state.run_id, denial)
    done = world.round()

    assert done.decision.verdict == "denied by ana: not on a Friday"
    assert world.champion().version == FIRST


def test_an_approval_that_does_not_come_counts_as_a_denial() -> None:
    world = with_policy(world_with_champion(), require_approval=True, approval_hours=1)
    world.round()

    world.later(hours=2).round()

    assert world.decisions()[-1] == "keep"


def test_a_served_candidate_is_watched_before_it_is_champion() -> None:
    world = with_policy(world_with_champion(), bake_min_rows=50, bake_minutes=0)
    world.deployment = FakeDeployment(is_watchable=True)
    waiting = world.round()
    assert waiting.state is not None
    assert waiting.state.step == "bake"

    add_reviewed_traffic(world, fake_digest(waiting.state.run_id), start=1000)
    world.round()

    assert world.champion().version == waiting.state.run_id


@pytest.mark.parametrize(
    ("shadow", "verdict"),
    [
        (FakeShadow(VariantTraffic(100, 2, 0.01)), "as a shadow, 2.0% of its answers were errors"),
        (FakeShadow(fails=True), "the shadow could not be deployed"),
    ],
)
def test_a_candidate_that_fails_in_the_shadow_is_never_served(
    shadow: FakeShadow, verdict: str
) -> None:
    world = with_policy(world_with_champion(), shadow_minutes=5)
    deployment = world.deployment = FakeDeployment()
    world.shadow = shadow
    world.round()

    done = world.later(minutes=6).round()

    assert deployment.served == [FIRST]
    assert verdict in [entry.reason for entry in LedgerStore(world.store).entries()]
    assert done.decision.champion_version == FIRST


def test_a_shadow_is_observed_for_its_time_before_the_candidate_is_served() -> None:
    world = with_policy(world_with_champion(), shadow_minutes=5)
    deployment = world.deployment = FakeDeployment()

    waiting = world.round()
    served_early = list(deployment.served)
    world.later(minutes=6).round()

    assert waiting.state is not None
    assert (waiting.state.step, served_early) == ("observe", [])
    assert deployment.served == [world.champion().version]


def test_a_cancelled_run_serves_the_champion_again() -> None:
    world = with_policy(world_with_champion(), bake_min_rows=50)
    deployment = world.deployment = FakeDeployment(is_watchable=True)
    world.round()

    cancel(world.ports(), world.lease(), leave_after_one_look, "second thoughts")

    assert deployment.served[-1] == FIRST
    assert world.decisions()[-1] == "keep"
    assert RunStore(world.store).current() is None


def test_the_first_model_cannot_be_rolled_back() -> None:
    world = world_with_champion()

    with pytest.raises(BadInputError, match="first model"):
        roll_back(world.ports(), world.lease(), leave_after_one_look, ORDER)


def test_a_champion_that_was_changed_meanwhile_is_not_overwritten() -> None:
    world = with_policy(world_with_champion(), require_approval=True)
    waiting = world.round()
    assert waiting.state is not None
    theirs = world.champion().to_json().replace(b'"ledger_number":1', b'"ledger_number":2')
    world.store.write(CHAMPION_KEY, theirs)
    approval = Approval(decision="approve", by="ana", at=world.now())
    give_approval(world.store, waiting.state.run_id, approval)

    world.round()

    assert world.store.objects[CHAMPION_KEY] == theirs
    assert world.decisions()[-1] == "keep"


def test_reviews_that_were_learned_from_make_nothing_due_again() -> None:
    world = world_with_champion("good")
    world.round()

    world.later(days=5).round()

    assert world.decisions() == ["register", "retrain", "keep", "do_nothing"]


def test_a_next_candidate_learns_from_what_its_champion_learned_too() -> None:
    world = world_with_champion("bad")
    first = world.round()
    assert first.state is not None
    earlier_reviews_are_out_of_sight = 70 * 24 * 60
    digest = fake_digest(first.state.run_id)
    add_reviewed_traffic(world, digest, start=earlier_reviews_are_out_of_sight)

    second = world.later(days=71).round()

    assert second.state is not None
    counts = second.state.facts["training_set"]
    assert counts["base_rows"] > len(base_data())
