"""The steps in which a proven candidate answers in the champion's shadow before it is served."""

from datetime import timedelta

from services.retraining_agent.champion_store import require_champion
from services.retraining_agent.ports import Ports
from services.retraining_agent.release_steps import ref, release, target
from services.retraining_agent.run_state import RunState
from services.retraining_agent.shadow import shadow_fault


def shadow_step(ports: Ports, state: RunState) -> RunState | None:
    """Mirror requests to the candidate, where the policy asks for it. None while that begins."""
    if ports.shadow is None or not ports.policy.promotion.shadow_minutes:
        return state.moved("deploy", ports.now())
    champion = ref(require_champion(ports.store).champion)
    status = ports.shadow.advance(
        release(state, "shadow", target(state)), release(state, "shadow", champion)
    )
    if status == "running":
        return None
    if status == "failed":
        return state.moved("revert", ports.now(), verdict="the shadow could not be deployed")
    return state.moved("observe", ports.now())


def observe_step(ports: Ports, state: RunState) -> RunState | None:
    """Judge the shadow once its time is over. None while it is not."""
    if ports.shadow is None:  # the policy was changed: the candidate must not stay a shadow
        return state.moved("revert", ports.now(), verdict="shadows are no longer watched")
    until = state.step_since + timedelta(minutes=ports.policy.promotion.shadow_minutes)
    if ports.now() < until:
        return None
    traffic = ports.shadow.traffic(state.step_since, ports.now())
    fault = shadow_fault(traffic, ports.policy.promotion)
    if fault is not None:
        return state.moved("revert", ports.now(), verdict=f"as a shadow, {fault}")
    answered = f"{traffic.candidate.requests} requests in the shadow without a fault"
    return state.moved("deploy", ports.now(), facts=state.knowing(shadow=answered))
