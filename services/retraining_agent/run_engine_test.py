"""A run from its decision to its end, killed at every operation on the store."""

import pytest

from libs.registry.champion import CHAMPION_KEY, read_champion
from services.retraining_agent.approval import Approval, give_approval
from services.retraining_agent.errors import BadInputError
from services.retraining_agent.lease import LeaseHeldError
from services.retraining_agent.ledger_store import LedgerStore
from services.retraining_agent.model_record import read_record
from services.retraining_agent.orders import RollBackOrder, cancel, roll_back
from services.retraining_agent.run_state import RunStore
from services.retraining_agent.testing.dying_store import DyingStore, KilledError
from services.retraining_agent.testing.fakes import FakeDeployment, FakeJobs, fake_digest
from services.retraining_agent.testing.world import (
    FIRST,
    World,
    add_reviewed_traffic,
    base_data,
    leave_after_one_look,
    with_policy,
    world_with_champion,
)


def counted_promotion() -> DyingStore:
    world = world_with_champion()
    counted = DyingStore(world.store, None, after_effect=False)
    world.round(counted)
    return counted


COUNTED = counted_promotion()
BEFORE = [(number, False) for number in range(1, COUNTED.operations + 1)]
AFTER = [(number, True) for number in COUNTED.writes]


def is_whole(world: World) -> bool:
    """Say whether there is exactly one champion, its artifact lies there, the ledger is true."""
    champion = world.champion()
    entries = list(LedgerStore(world.store).entries())
    changes = [entry.champion for entry in entries if entry.champion]
    named = entries[champion.ledger_number - 1].champion
    assert champion.artifact_key in world.store.objects
    assert named is not None
    assert (named.version, named.model_digest) == (champion.version, champion.model_digest)
    assert changes.count(named) == 1
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


@pytest.mark.parametrize(("dies_at", "after_effect"), [*BEFORE, *AFTER])
def test_a_run_killed_at_any_operation_ends_in_the_same_place(
    dies_at: int, after_effect: bool
) -> None:
    world = world_with_champion()
    with pytest.raises(KilledError):
        world.round(DyingStore(world.store, dies_at, after_effect))
    pointer = read_champion(world.store.objects[CHAMPION_KEY])
    assert pointer.artifact_key in world.store.objects

    world.later(minutes=16).round()

    assert world.champion().version != FIRST
    assert world.decisions().count("promote") == 1
    assert is_whole(world)


@pytest.mark.parametrize("dies_at", range(1, 30, 2))
def test_a_roll_back_killed_at_any_operation_ends_in_the_same_place(dies_at: int) -> None:
    world = world_with_champion()
    world.round()
    order = RollBackOrder("ana", "it is rude", None)
    dying = DyingStore(world.store, dies_at, after_effect=True)
    try:
        roll_back(world.ports(dying), world.lease(dying), leave_after_one_look, order)
    except KilledError:
        world.later(minutes=16)
        if world.champion().version != FIRST or RunStore(world.store).current():
            roll_back(world.ports(), world.lease(), leave_after_one_look, order)

    assert world.champion().version == FIRST
    assert world.decisions().count("roll_back") == 1
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
    order = RollBackOrder("ana", "no reason", None)

    with pytest.raises(BadInputError, match="first model"):
        roll_back(world.ports(), world.lease(), leave_after_one_look, order)


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
