"""Registers a model: artifact, frozen holdout, scores and record; and the first champion."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from libs.artifact.archive import Artifact
from libs.labels.schema import LABEL_SCHEMA
from libs.registry.champion import Champion, model_key
from libs.registry.ledger import ChampionRef
from services.retraining_agent.champion_store import find_champion, set_champion
from services.retraining_agent.errors import BadInputError, ConflictError
from services.retraining_agent.holdout_scores import holdout_scores
from services.retraining_agent.labelled_complaints import (
    LabelledComplaints,
    encode_labelled_complaints,
)
from services.retraining_agent.ledger_store import LedgerStore, Record
from services.retraining_agent.model_record import (
    ModelRecord,
    holdout_key,
    record_key,
    reference_key,
)
from services.retraining_agent.scoring import Scorer
from services.retraining_agent.store import ABSENT, ObjectStore
from services.retraining_agent.traffic_profile import Profile, ProfileBuilder


@dataclass(frozen=True)
class FirstModel:
    """What the first champion is registered from."""

    archive: Path
    artifact: Artifact
    scorer: Scorer
    holdout: LabelledComplaints
    reference: LabelledComplaints | None
    registered_by: str


def register_first(store: ObjectStore, model: FirstModel, now: datetime) -> Champion:
    """Register a model and make it champion; raises BadInputError when there is one already.

    Trying again after a crash ends in the same place.
    """
    digest, version = model.artifact.digest, model.artifact.manifest.version
    _refuse_second(store, digest)
    holdout = encode_labelled_complaints(model.holdout)
    holdout_digest = hashlib.sha256(holdout).hexdigest()
    record = ModelRecord(
        version=version,
        model_digest=digest,
        registered_at=now,
        parent_version=None,
        holdout_digest=holdout_digest,
        reviews_until=model.artifact.manifest.created_at,
        scores=holdout_scores(
            model.holdout.label_ids, model.scorer.probabilities(model.holdout.narratives)
        ),
    )
    store.write(holdout_key(holdout_digest), holdout)
    keep_artifact(store, version, model.archive.read_bytes())
    if model.reference is not None:
        profile = profile_of(model.reference, model.scorer)
        store.write(reference_key(version), msgspec.json.encode(profile))
    store.write(record_key(version), msgspec.json.encode(record))
    return _crown(store, record, model.registered_by, now)


def keep_artifact(store: ObjectStore, version: str, content: bytes) -> None:
    """Store a model.tar.gz under its version, once; raises BadInputError when it is another's."""
    key = model_key(version, "model.tar.gz")
    try:
        store.write(key, content, ABSENT)
    except ConflictError as error:
        known = store.read(key)
        if known is None or known.content != content:
            raise BadInputError(f"version {version} is taken by another artifact") from error


def profile_of(rows: LabelledComplaints, scorer: Scorer) -> Profile:
    """Return the profile that a model's answers on `rows` have."""
    builder = ProfileBuilder()
    for text, row in zip(rows.narratives, scorer.probabilities(rows.narratives), strict=True):
        builder.add(text, LABEL_SCHEMA.label_name(int(row.argmax())), float(row.max()))
    return builder.build()


def _refuse_second(store: ObjectStore, digest: str) -> None:
    found = find_champion(store)
    if found is not None and found.champion.model_digest != digest:
        raise BadInputError(
            f"there is a champion already, {found.champion.version}: a new one comes by `run`"
        )


def _crown(store: ObjectStore, record: ModelRecord, by: str, now: datetime) -> Champion:
    entry = LedgerStore(store).append(
        Record(
            action_id=f"register-{record.model_digest}",
            decision="register",
            reason="the first model",
            evidence={"record": msgspec.to_builtins(record)},
            decided_by=by,
            decided_at=now,
            champion=ChampionRef(version=record.version, model_digest=record.model_digest),
        )
    )
    champion = Champion(
        version=record.version,
        model_digest=record.model_digest,
        promoted_at=entry.decided_at,
        ledger_number=entry.number,
    )
    set_champion(store, champion, None)
    return champion
