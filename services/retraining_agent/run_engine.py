"""Drives a run from step to step: under the lease, each step saved before the next begins.

A step does its outside work in a way that doing it twice changes nothing, then the new state is
saved by compare-and-set. So a run that was killed anywhere goes on where it stopped.
"""

from collections.abc import Callable, Mapping

from services.retraining_agent.lease import Lease
from services.retraining_agent.ports import Ports
from services.retraining_agent.proof_step import prove_step
from services.retraining_agent.release_steps import (
    approve_step,
    bake_step,
    crown_step,
    deploy_step,
    keep_step,
    record_step,
    revert_step,
)
from services.retraining_agent.run_state import RunState, RunStore, Step
from services.retraining_agent.shadow_steps import observe_step, shadow_step
from services.retraining_agent.training_steps import assemble_step, train_step

StepFunction = Callable[[Ports, RunState], RunState | None]
STEPS: Mapping[Step, StepFunction] = {
    "record": record_step,
    "assemble": assemble_step,
    "train": train_step,
    "prove": prove_step,
    "approve": approve_step,
    "shadow": shadow_step,
    "observe": observe_step,
    "deploy": deploy_step,
    "bake": bake_step,
    "crown": crown_step,
    "revert": revert_step,
    "keep": keep_step,
}

Wait = Callable[[RunState], bool]
"""Called while a step waits for something outside; True to look again, False to leave."""


def drive(ports: Ports, runs: RunStore, lease: Lease, state: RunState, wait: Wait) -> RunState:
    """Take the run as far as it goes: to its end, or to a step that waits."""
    while state.step != "done":
        lease.renew()
        following = STEPS[state.step](ports, state)
        if following is None:
            if not wait(state):
                return state
            continue
        lease.renew()
        runs.save(following)
        state = following
    return state
