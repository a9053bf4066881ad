"""A poisoned log or poisoned reviews: nothing is trained or promoted, and it is on record why."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from libs.events.review import Review
from services.retraining_agent.ledger_store import LedgerStore
from services.retraining_agent.review_store import keep_review
from services.retraining_agent.testing.traffic import START
from services.retraining_agent.testing.world import FIRST, World, world_with_champion


def label(world: World, number: int, reviewer: str, true_label: str) -> None:
    """Let a reviewer label one row of the log, after everybody else."""
    review = Review(
        event_id=f"shardId-000000000000:{number}",
        true_label=true_label,
        reviewer=reviewer,
        reviewed_at=START + timedelta(hours=3, minutes=number),
    )
    keep_review(world.store, review)


def one_reviewer_floods_a_label(world: World) -> None:
    for number in range(50):
        label(world, number, "mallory", "debt_collection")


def a_few_reviewers_flood_a_label_beside_honest_ones(world: World) -> None:
    for number in range(1, 50, 2):
        label(world, number, ("eve", "mallory", "oscar")[number % 3], "debt_collection")


def everybody_moves_to_one_label(world: World) -> None:
    for number in range(50):
        label(world, number, ("ana", "bob", "cora")[number % 3], "debt_collection")


def reviews_of_nothing_arrive(world: World) -> None:
    for number in range(5000, 5020):
        label(world, number, ("ana", "bob")[number % 2], "debt_collection")


def log_objects_are_garbage(world: World) -> None:
    for number in range(3):
        key = f"predictions/dt=2026-01-10/hour=01/complaints-shard-{number}.csv"
        world.store.write(key, b"timestamp,text\n\x00\xff,")


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        (one_reviewer_floods_a_label, "by one reviewer"),
        (a_few_reviewers_flood_a_label_beside_honest_ones, "labels unlike"),
        (everybody_moves_to_one_label, "contradict"),
        (reviews_of_nothing_arrive, "no logged decision"),
        (log_objects_are_garbage, "corrupt"),
    ],
)
def test_poison_promotes_nothing_and_is_named(poison: Callable[[World], None], reason: str) -> None:
    world = world_with_champion("bad")
    poison(world)

    world.round()

    last = list(LedgerStore(world.store).entries())[-1]
    assert last.decision == "do_nothing"
    assert reason in last.reason
    assert world.champion().version == FIRST
