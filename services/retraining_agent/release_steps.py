"""The steps of a run that change what is served: approve, deploy, bake, crown, or go back."""

from datetime import timedelta

from libs.registry.champion import Champion, model_key
from libs.registry.ledger import ChampionRef, LedgerEntry
from services.retraining_agent.approval import find_approval
from services.retraining_agent.bake import Watched, judge_bake
from services.retraining_agent.champion_store import require_champion, set_champion
from services.retraining_agent.deployment import Release
from services.retraining_agent.errors import ConflictError
from services.retraining_agent.gather import TrafficFold
from services.retraining_agent.ledger_store import LedgerStore, Record
from services.retraining_agent.log_reader import LogQuality, read_log
from services.retraining_agent.ports import Ports
from services.retraining_agent.run_state import RunState


def record_step(ports: Ports, state: RunState) -> RunState:
    """Put the decision to retrain on record."""
    _enter(ports, state, "retrain", state.reason)
    return state.moved("assemble", ports.now())


def approve_step(ports: Ports, state: RunState) -> RunState | None:
    """Wait for approval, where the policy asks for one. None while it is awaited."""
    policy = ports.policy.promotion
    if not policy.require_approval:
        return state.moved("shadow", ports.now())
    approval = find_approval(ports.store, state.run_id)
    if approval is None:
        if ports.now() - state.step_since < timedelta(hours=policy.approval_hours):
            return None
        return state.moved("keep", ports.now(), verdict="nobody approved it in time")
    if approval.decision == "deny":
        verdict = f"denied by {approval.by}: {approval.reason}"
        return state.moved("keep", ports.now(), verdict=verdict)
    facts = state.knowing(approved_by=approval.by)
    return state.moved("shadow", ports.now(), facts=facts)


def deploy_step(ports: Ports, state: RunState) -> RunState | None:
    """Serve the target. None while it is on its way."""
    status = ports.deployment.advance(release(state, "deploy", target(state)))
    if status == "running":
        return None
    if status == "failed":
        return state.moved("revert", ports.now(), verdict="the deployment failed")
    watch = state.kind == "promotion" and ports.deployment.is_watchable
    return state.moved("bake" if watch else "crown", ports.now())


def bake_step(ports: Ports, state: RunState) -> RunState | None:
    """Watch the served candidate. None while it is watched."""
    base = TrafficFold(state.base.model_digest, ports.policy.evidence)
    candidate = TrafficFold(state.target_digest, ports.policy.evidence)
    since = state.started_at - timedelta(days=ports.policy.evidence.lookback_days)
    for row in read_log(ports.store, since.date(), LogQuality()):
        base.add(row)
        candidate.add(row)
    elapsed = ports.now() - state.step_since
    found = judge_bake(_watched(base), _watched(candidate), elapsed, ports.policy.promotion)
    if found.verdict == "wait":
        return None
    if found.verdict == "roll_back":
        return state.moved("revert", ports.now(), verdict=f"while watched, {found.reason}")
    return state.moved("crown", ports.now(), facts=state.knowing(bake=found.reason))


def crown_step(ports: Ports, state: RunState) -> RunState:
    """Enter the change in the ledger and move the champion pointer, each exactly once."""
    now = require_champion(ports.store)
    is_moved = ref(now.champion) == target(state)
    if now.etag != state.base_etag and not is_moved:
        return state.moved("revert", ports.now(), verdict="the champion was changed meanwhile")
    decision = "promote" if state.kind == "promotion" else "roll_back"
    entry = _enter(ports, state, decision, state.verdict, target(state))
    champion = Champion(
        version=state.target_version,
        model_digest=state.target_digest,
        promoted_at=entry.decided_at,
        ledger_number=entry.number,
    )
    try:
        set_champion(ports.store, champion, state.base_etag)
    except ConflictError:
        actual = ref(require_champion(ports.store).champion)
        verdict = "the champion was changed meanwhile"
        _enter(ports, state, "void", verdict, actual)
        return state.moved("revert", ports.now(), verdict=verdict)
    return state.moved("done", ports.now())


def revert_step(ports: Ports, state: RunState) -> RunState | None:
    """Serve the champion again. None while it is on its way."""
    champion = ref(require_champion(ports.store).champion)
    status = ports.deployment.advance(release(state, "revert", champion))
    if status == "running":
        return None
    facts = state.knowing(reverted=status)
    return state.moved("keep", ports.now(), facts=facts)


def keep_step(ports: Ports, state: RunState) -> RunState:
    """Put on record that the champion stays, and why."""
    _enter(ports, state, "keep", state.verdict)
    return state.moved("done", ports.now())


def target(state: RunState) -> ChampionRef:
    """Return the model that the run wants to be champion."""
    return ChampionRef(version=state.target_version, model_digest=state.target_digest)


def _enter(
    ports: Ports,
    state: RunState,
    decision: str,
    reason: str,
    champion: ChampionRef | None = None,
) -> LedgerEntry:
    return LedgerStore(ports.store).append(
        Record(
            action_id=f"{state.run_id}/{decision}",
            decision=decision,
            reason=reason,
            evidence={
                **state.evidence,
                **state.facts,
                "run_id": state.run_id,
                "candidate": state.target_version,
                "reviews_until": state.reviews_until.isoformat(),
            },
            decided_by=state.decided_by,
            decided_at=ports.now(),
            champion=champion,
        )
    )


def release(state: RunState, what: str, model: ChampionRef) -> Release:
    """Return a model to serve in one step of the run."""
    return Release(
        name=f"{state.run_id}-{what}",
        version=model.version,
        model_digest=model.model_digest,
        artifact_key=model_key(model.version, "model.tar.gz"),
    )


def ref(champion: Champion) -> ChampionRef:
    """Return what names the champion in ledger and run."""
    return ChampionRef(version=champion.version, model_digest=champion.model_digest)


def _watched(fold: TrafficFold) -> Watched:
    profile = fold.total.build()
    rows = max(1, profile.rows)
    return Watched(profile, fold.confidence_sum / rows, fold.latency_sum / rows)
