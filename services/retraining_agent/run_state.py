"""Where a run stands: one document in the object store, replaced only by compare-and-set."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from libs.registry.ledger import ChampionRef
from services.retraining_agent.errors import BadInputError
from services.retraining_agent.store import ABSENT, Match, ObjectStore

CURRENT_KEY = "registry/runs/current.json"

Step = Literal[
    "record",
    "assemble",
    "train",
    "prove",
    "approve",
    "shadow",
    "observe",
    "deploy",
    "bake",
    "crown",
    "revert",
    "keep",
    "done",
]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class RunState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A promotion or a roll-back under way. Each step reads it, acts, and returns the next one."""

    run_id: str
    kind: Literal["promotion", "rollback"]
    step: Step
    started_at: Moment
    step_since: Moment
    decided_by: str
    reason: str
    evidence: dict[str, Any]
    base: ChampionRef
    base_etag: str
    """Of the champion pointer when the run began: what the crowning insists on."""
    target_version: str
    target_digest: str = ""
    reviews_until: Moment
    facts: dict[str, Any] = {}
    """What the steps found out; ends in the ledger."""
    verdict: str = ""

    def moved(self, step: Step, now: datetime, **changes: Any) -> "RunState":
        """Return the state at another step."""
        return msgspec.structs.replace(self, step=step, step_since=now, **changes)

    def knowing(self, **facts: Any) -> dict[str, Any]:
        """Return the facts with some more."""
        return {**self.facts, **facts}


def run_key(run_id: str, name: str) -> str:
    """Return the key of a file of a run."""
    return f"registry/runs/{run_id}/{name}"


class RunStore:
    """Reads and replaces the current run; a replaced one that was not expected is a conflict."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._etag = ""

    def current(self) -> RunState | None:
        """Return the run that is not done yet, None when there is none; raises BadInputError."""
        stored = self._store.read(CURRENT_KEY)
        if stored is None:
            self._etag = ""
            return None
        self._etag = stored.etag
        try:
            state = msgspec.json.decode(stored.content, type=RunState)
        except msgspec.MsgspecError as error:
            raise BadInputError(f"{CURRENT_KEY}: {error}") from error
        return None if state.step == "done" else state

    def save(self, state: RunState) -> None:
        """Replace the run last read or saved; raises ConflictError when it was changed since."""
        condition = Match(self._etag) if self._etag else ABSENT
        self._etag = self._store.write(CURRENT_KEY, msgspec.json.encode(state), condition)
