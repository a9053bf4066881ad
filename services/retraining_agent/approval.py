"""Approvals: a person or an agent says yes or no to a proven candidate, in one small object."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from services.retraining_agent.errors import BadInputError, ConflictError
from services.retraining_agent.store import ABSENT, ObjectStore

APPROVALS_PREFIX = "agent/approvals/"


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """The word on the candidate of one run; the first word counts."""

    decision: Literal["approve", "deny"]
    by: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    reason: str = ""


def approval_key(run_id: str) -> str:
    """Return the key at which the word on a run is expected."""
    return f"{APPROVALS_PREFIX}{run_id}.json"


def find_approval(store: ObjectStore, run_id: str) -> Approval | None:
    """Return the word on a run, None while there is none; raises BadInputError."""
    stored = store.read(approval_key(run_id))
    if stored is None:
        return None
    try:
        return msgspec.json.decode(stored.content, type=Approval)
    except msgspec.MsgspecError as error:
        raise BadInputError(f"{approval_key(run_id)}: {error}") from error


def give_approval(store: ObjectStore, run_id: str, approval: Approval) -> None:
    """Leave the word on a run; raises BadInputError when there is one already."""
    try:
        store.write(approval_key(run_id), msgspec.json.encode(approval), ABSENT)
    except ConflictError as error:
        raise BadInputError(f"run {run_id} has been decided on already") from error
