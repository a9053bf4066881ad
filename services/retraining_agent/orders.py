"""What a person may order beside a round: roll back to an earlier model, or cancel a run."""

from contextlib import suppress
from dataclasses import dataclass

from libs.registry.ledger import ChampionRef
from services.retraining_agent.champion_store import require_champion
from services.retraining_agent.errors import AgentError, BadInputError
from services.retraining_agent.lease import Lease
from services.retraining_agent.model_record import read_record
from services.retraining_agent.ports import Ports
from services.retraining_agent.run_engine import Wait, drive
from services.retraining_agent.run_state import RunState, RunStore


@dataclass(frozen=True)
class RollBackOrder:
    """Who wants to go back, why, and to which version; the champion before where it is None."""

    by: str
    reason: str
    version: str | None


def roll_back(ports: Ports, lease: Lease, wait: Wait, order: RollBackOrder) -> RunState:
    """Make an earlier model champion again; raises BadInputError when there is none to go to."""
    lease.acquire()
    try:
        runs = RunStore(ports.store)
        state = runs.current()
        if state is not None and state.kind != "rollback":
            raise BadInputError(f"run {state.run_id} is at step {state.step}: cancel it first")
        if state is None:
            state = _rollback_state(ports, order)
            runs.save(state)
        return drive(ports, runs, lease, state, wait)
    finally:
        with suppress(AgentError):
            lease.release()


def cancel(ports: Ports, lease: Lease, wait: Wait, reason: str) -> RunState:
    """End the run under way, serving the champion again; raises BadInputError without a run."""
    lease.acquire()
    try:
        runs = RunStore(ports.store)
        state = runs.current()
        if state is None:
            raise BadInputError("no run is under way")
        if state.step == "crown":
            raise BadInputError(f"run {state.run_id} is changing the champion: roll it back after")
        is_served = state.step in ("shadow", "observe", "deploy", "bake", "revert")
        verdict = f"cancelled: {reason}"
        state = state.moved("revert" if is_served else "keep", ports.now(), verdict=verdict)
        runs.save(state)
        return drive(ports, runs, lease, state, wait)
    finally:
        with suppress(AgentError):
            lease.release()


def _rollback_state(ports: Ports, order: RollBackOrder) -> RunState:
    champion = require_champion(ports.store)
    base = champion.champion
    version = order.version or read_record(ports.store, base.version).parent_version
    if version is None:
        raise BadInputError(f"{base.version} is the first model: there is none to go back to")
    if version == base.version:
        raise BadInputError(f"{version} is the champion already")
    record = read_record(ports.store, version)
    now = ports.now()
    return RunState(
        run_id=f"{now:%Y%m%dT%H%M%SZ}-rollback",
        kind="rollback",
        step="deploy",
        started_at=now,
        step_since=now,
        decided_by=order.by,
        reason=order.reason,
        evidence={},
        base=ChampionRef(version=base.version, model_digest=base.model_digest),
        base_etag=champion.etag,
        target_version=version,
        target_digest=record.model_digest,
        reviews_until=record.reviews_until,
        verdict=order.reason,
    )
