"""One round of the agent: go on with the run under way, or gather, decide and begin one."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from libs.registry.ledger import ChampionRef
from services.retraining_agent.approval import approval_key
from services.retraining_agent.champion_store import require_champion
from services.retraining_agent.errors import AgentError, ConflictError
from services.retraining_agent.evidence import Evidence
from services.retraining_agent.gather import Gathered
from services.retraining_agent.lease import Lease
from services.retraining_agent.ledger_store import LedgerStore, Record
from services.retraining_agent.look import Seen, look
from services.retraining_agent.model_record import reference_key
from services.retraining_agent.ports import Ports
from services.retraining_agent.report import render_report
from services.retraining_agent.run_engine import Wait, drive
from services.retraining_agent.run_state import RunState, RunStore
from services.retraining_agent.store import ABSENT, ObjectStore
from services.retraining_agent.surface import (
    DecisionDocument,
    QueueDocument,
    publish_decision,
    publish_queue,
)

EVIDENCE_PREFIX = "registry/evidence/"


@dataclass(frozen=True)
class Round:
    """What a round came to; `state` is the run under way or just ended, if there is one."""

    decision: DecisionDocument
    page: str
    state: RunState | None


def run_round(
    ports: Ports, lease: Lease, wait: Wait, request: str | None, can_train: bool
) -> Round:
    """Do one round under the lease; raises LeaseHeldError while another run has it."""
    lease.acquire()
    try:
        runs = RunStore(ports.store)
        state = runs.current()
        seen = look(ports.store, ports.policy, ports.now(), request)
        page = render_report(seen.gathered, seen.decision)
        if state is None:
            begun = _begin(ports, seen, page, request, can_train)
            if begun is not None:
                runs.save(begun)
            state = begun
        if state is not None:
            state = drive(ports, runs, lease, state, wait)
        document = _document(ports, seen, state)
        _publish(ports.store, seen, document)
        return Round(document, page, state)
    finally:
        with suppress(AgentError):  # it expires by itself
            lease.release()


def _begin(
    ports: Ports, seen: Seen, page: str, request: str | None, can_train: bool
) -> RunState | None:
    """Keep the evidence; return the run to begin, or enter in the ledger that none begins."""
    evidence, decision = seen.gathered.evidence, seen.decision
    facts = msgspec.json.encode(evidence, order="deterministic")
    digest = hashlib.sha256(facts).hexdigest()
    action_id = f"{evidence.gathered_at:%Y%m%dT%H%M%SZ}-{digest[:8]}"
    _keep_evidence(ports.store, action_id, facts, page, seen.gathered)
    summary = {
        "key": evidence_key(action_id),
        "sha256": digest,
        "triggers": list(decision.triggers),
        "holds": list(decision.holds),
    }
    by = "policy" if request is None else "operator"
    if decision.decision == "retrain" and can_train:
        base = seen.champion.champion
        return RunState(
            run_id=action_id,
            kind="promotion",
            step="record",
            started_at=evidence.gathered_at,
            step_since=evidence.gathered_at,
            decided_by=by,
            reason=decision.reason,
            evidence=summary,
            base=ChampionRef(version=base.version, model_digest=base.model_digest),
            base_etag=seen.champion.etag,
            target_version=action_id,
            reviews_until=evidence.gathered_at,
        )
    LedgerStore(ports.store).append(
        Record(
            action_id=action_id,
            decision=decision.decision,
            reason=decision.reason,
            evidence=summary,
            decided_by=by,
            decided_at=evidence.gathered_at,
        )
    )
    return None


def evidence_key(action_id: str) -> str:
    """Return the key of the evidence of one decision."""
    return f"{EVIDENCE_PREFIX}{action_id}/evidence.json"


def report_key(action_id: str) -> str:
    """Return the key of the report on one decision."""
    return f"{EVIDENCE_PREFIX}{action_id}/report.html"


def _keep_evidence(
    store: ObjectStore, action_id: str, facts: bytes, page: str, gathered: Gathered
) -> None:
    store.write(evidence_key(action_id), facts)
    store.write(report_key(action_id), page.encode())
    if gathered.is_reference_new and gathered.reference is not None:
        key = reference_key(gathered.evidence.champion.version)
        with suppress(ConflictError):  # the first reference stays
            store.write(key, msgspec.json.encode(gathered.reference), ABSENT)


def _document(ports: Ports, seen: Seen, state: RunState | None) -> DecisionDocument:
    evidence, decision = seen.gathered.evidence, seen.decision
    action_id = state.run_id if state else _last_action(ports.store)
    awaits = state is not None and state.step == "approve"
    champion = require_champion(ports.store).champion
    return DecisionDocument(
        decided_at=evidence.gathered_at,
        decision="retrain" if state else decision.decision,
        reason=state.reason if state else decision.reason,
        triggers=list(decision.triggers),
        holds=list(decision.holds),
        run_id=state.run_id if state else None,
        step=state.step if state else None,
        verdict=state.verdict if state else "",
        champion_version=champion.version,
        champion_digest=champion.model_digest,
        drift_psi=_last_drift(evidence),
        evidence_key=evidence_key(action_id),
        report_key=report_key(action_id),
        awaits_approval=approval_key(state.run_id) if state and awaits else None,
    )


def _publish(store: ObjectStore, seen: Seen, document: DecisionDocument) -> None:
    at = seen.gathered.evidence.gathered_at
    publish_queue(store, QueueDocument(made_at=at, waiting=seen.waiting, items=seen.queue))
    publish_decision(store, document)


def _last_action(store: ObjectStore) -> str:
    return max(LedgerStore(store).last(1), key=lambda entry: entry.number).action_id


def _last_drift(evidence: Evidence) -> dict[str, float]:
    measured = [window.drift for window in evidence.windows if window.drift]
    if not measured:
        return {}
    last = measured[-1]
    return {
        "narrative_length": last.psi_length,
        "label_mix": last.psi_label,
        "confidence": last.psi_confidence,
        "vocabulary": last.js_vocabulary,
    }
