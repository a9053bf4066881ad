"""The surface for outside agents: what was decided and what waits, as JSON in the object store.

An agent reads `agent/decision.json` and `agent/queue.json`, both described by
`agent/schema.json`; it answers with reviews (contract 6) and approvals.
"""

from datetime import datetime
from typing import Any

import msgspec

from libs.events.review import Review
from services.retraining_agent.approval import APPROVALS_PREFIX, Approval
from services.retraining_agent.review_queue import QueueItem
from services.retraining_agent.store import ObjectStore

DECISION_KEY = "agent/decision.json"
QUEUE_KEY = "agent/queue.json"
SCHEMA_KEY = "agent/schema.json"


class DecisionDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The last round of the agent; `awaits_approval` names the object that would answer it."""

    decided_at: datetime
    decision: str
    reason: str
    triggers: list[str]
    holds: list[str]
    run_id: str | None
    step: str | None
    verdict: str
    champion_version: str
    champion_digest: str
    drift_psi: dict[str, float]
    """Of the last window that was measured."""
    evidence_key: str
    report_key: str
    awaits_approval: str | None


class QueueDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Decisions most worth a review, best first; answer each with a review object."""

    made_at: datetime
    waiting: int
    items: list[QueueItem]


def publish_decision(store: ObjectStore, document: DecisionDocument) -> None:
    """Replace the decision that outside agents see."""
    store.write(DECISION_KEY, msgspec.json.encode(document))


def publish_queue(store: ObjectStore, document: QueueDocument) -> None:
    """Replace the queue that outside agents see, and the schema of all documents."""
    store.write(QUEUE_KEY, msgspec.json.encode(document))
    store.write(SCHEMA_KEY, msgspec.json.encode(surface_schema()))


def surface_schema() -> dict[str, Any]:
    """Return the JSON schemas (2020-12) of what is read and what may be written."""
    kinds = {
        "decision": DecisionDocument,
        "queue": QueueDocument,
        "review": Review,
        "approval": Approval,
    }
    schemas, definitions = msgspec.json.schema_components(
        kinds.values(), ref_template="#/$defs/{name}"
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "documents": dict(zip(kinds, schemas, strict=True)),
        "$defs": definitions,
        "places": {
            "decision": DECISION_KEY,
            "queue": QUEUE_KEY,
            "review": "reviews/dt=YYYY-MM-DD/<event_id>.json, If-None-Match: *",
            "approval": f"{APPROVALS_PREFIX}<run_id>.json, If-None-Match: *",
        },
    }
