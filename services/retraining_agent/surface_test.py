import json

from services.retraining_agent.surface import DECISION_KEY, QUEUE_KEY, SCHEMA_KEY
from services.retraining_agent.testing.world import world_with_champion


def test_an_outside_agent_finds_decision_queue_and_their_schema() -> None:
    world = world_with_champion("good")

    done = world.round()

    decision = json.loads(world.store.objects[DECISION_KEY])
    queue = json.loads(world.store.objects[QUEUE_KEY])
    assert decision["reason"] == done.decision.reason
    assert decision["verdict"].startswith("improvement:")
    assert len(queue["items"]) > 0


def test_the_schema_names_every_field_of_every_document() -> None:
    world = world_with_champion("good")

    world.round()

    schema = json.loads(world.store.objects[SCHEMA_KEY])
    for name, key in (("decision", DECISION_KEY), ("queue", QUEUE_KEY)):
        definition = schema["documents"][name]["$ref"].rpartition("/")[2]
        fields = schema["$defs"][definition]["properties"]
        assert fields.keys() == json.loads(world.store.objects[key]).keys()
