import json
import subprocess
import sys
from importlib.util import find_spec

from services.retraining_agent.plan_handler import plan
from services.retraining_agent.testing.world import world_with_champion

HEAVY = ("onnxruntime", "pyarrow", "sagemaker", "tokenizers", "torch")


def test_a_plan_says_what_a_round_would_do_and_changes_nothing() -> None:
    world = world_with_champion()
    before = dict(world.store.objects)

    document = plan(world.store, world.policy, world.now(), None)

    assert document["decision"]["decision"] == "retrain"
    assert json.loads(json.dumps(document)) == document
    assert world.store.objects == before


def test_a_plan_loads_nothing_that_a_lambda_function_has_no_room_for() -> None:
    code = "import sys, services.retraining_agent.plan_handler; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "services.retraining_agent.look" in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_the_runtime_client_comes_with_the_handler() -> None:
    # Nothing imports it: in Pants' sandbox, as in the image, it is there because BUILD says so.
    assert find_spec("awslambdaric") is not None
