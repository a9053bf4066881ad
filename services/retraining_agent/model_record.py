"""What the registry knows of a model beside its artifact, and the places of its files."""

from datetime import datetime
from typing import Annotated

import msgspec

from libs.artifact.files import Sha256
from libs.registry.champion import model_key
from services.retraining_agent.errors import BadInputError
from services.retraining_agent.holdout_scores import HoldoutScores
from services.retraining_agent.store import ObjectStore
from services.retraining_agent.traffic_profile import Profile

HOLDOUTS_PREFIX = "registry/holdouts/"


class ModelRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One registered model; `reviews_until` is the time of the newest review it learned from."""

    version: str
    model_digest: Sha256
    registered_at: Annotated[datetime, msgspec.Meta(tz=True)]
    parent_version: str | None
    holdout_digest: Sha256
    reviews_until: Annotated[datetime, msgspec.Meta(tz=True)]
    scores: HoldoutScores
    training_set_key: str | None = None
    """Of the training set that an agent assembled; unknown of a first model."""


def record_key(version: str) -> str:
    """Return the key of a model's record."""
    return model_key(version, "record.json")


def reference_key(version: str) -> str:
    """Return the key of the profile that drift of a model's traffic is measured against."""
    return model_key(version, "reference.json")


def holdout_key(digest: str) -> str:
    """Return the key of a frozen holdout."""
    return f"{HOLDOUTS_PREFIX}{digest}.parquet"


def read_record(store: ObjectStore, version: str) -> ModelRecord:
    """Return the record of a registered model; raises BadInputError."""
    key = record_key(version)
    stored = store.read(key)
    if stored is None:
        raise BadInputError(f"{key} is missing: model {version} was never registered")
    try:
        return msgspec.json.decode(stored.content, type=ModelRecord)
    except msgspec.MsgspecError as error:
        raise BadInputError(f"{key}: {error}") from error


def read_reference(store: ObjectStore, version: str) -> Profile | None:
    """Return the reference profile of a model, None when it has none yet; raises BadInputError."""
    key = reference_key(version)
    stored = store.read(key)
    if stored is None:
        return None
    try:
        return msgspec.json.decode(stored.content, type=Profile)
    except msgspec.MsgspecError as error:
        raise BadInputError(f"{key}: {error}") from error
