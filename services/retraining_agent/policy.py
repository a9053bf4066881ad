"""The policy: every bound that a decision rests on. policy.yaml says the same with reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from services.retraining_agent.errors import BadInputError

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Amount = Annotated[float, msgspec.Meta(ge=0)]


@dataclass(frozen=True)
class EvidencePolicy:
    """How much is read, and how it is cut into windows."""

    lookback_days: Positive = 60
    window_hours: Positive = 24
    window_min_rows: Positive = 200
    reference_rows: Positive = 1000


@dataclass(frozen=True)
class TriggerPolicy:
    """What makes a retraining due."""

    min_new_reviews: Positive = 300
    drift_windows: Positive = 3
    max_psi_length: Amount = 0.2
    max_psi_label: Amount = 0.25
    max_psi_confidence: Amount = 0.25
    max_js_vocabulary: Amount = 0.06
    max_age_days: Positive = 180
    min_reviews_to_train: Positive = 50
    min_reviews_to_judge: Positive = 100
    min_covered_share: Share = 0.8
    max_overconfidence: Share = 0.1


@dataclass(frozen=True)
class BoundsPolicy:
    """What a corrupt or poisoned log may not do."""

    max_corrupt_objects_share: Share = 0.01
    max_orphan_reviews_share: Share = 0.05
    max_share_of_one_reviewer: Share = 0.5
    max_reviewer_deviation: Share = 0.15
    max_reviewed_label_shift: Share = 0.6
    max_relabelled_share: Share = 0.7


@dataclass(frozen=True)
class TimingPolicy:
    """When retraining has to wait although it is due."""

    cool_down_hours: Count = 24
    max_retrainings: Positive = 4
    budget_days: Positive = 30
    quiet_from_hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 0
    quiet_to_hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 0


Rule = Literal["superior", "non_inferior", "relative_gain"]


@dataclass(frozen=True)
class ProofPolicy:
    """What a candidate has to show before it may replace the champion."""

    rule: Rule = "superior"
    relative_gain: Share = 0.05
    margin: Share = 0.01
    class_margin: Share = 0.03
    max_calibration_error: Share = 0.05
    max_int8_macro_f1_loss: Share = 0.003
    max_int8_flip_share: Share = 0.01
    min_int8_narratives: Positive = 100
    max_latency_ratio: Amount = 1.5
    review_share: Share = 0.2
    min_proof_reviews: Positive = 100
    resamples: Positive = 2000


@dataclass(frozen=True)
class PromotionPolicy:
    """How a proven candidate becomes champion."""

    require_approval: bool = False
    approval_hours: Positive = 72
    shadow_minutes: Count = 0
    shadow_share: Share = 1.0
    max_shadow_error_share: Share = 0.01
    bake_minutes: Count = 60
    bake_min_rows: Count = 200
    max_bake_confidence_drop: Share = 0.1
    max_bake_psi_label: Amount = 0.25
    max_bake_latency_ratio: Amount = 2.0


@dataclass(frozen=True)
class QueuePolicy:
    """What reviewers are shown."""

    limit: Positive = 200
    audit_share: Share = 0.2
    max_similarity: Share = 0.5


@dataclass(frozen=True)
class Policy:
    """All bounds; the defaults are those of production."""

    evidence: EvidencePolicy = field(default_factory=EvidencePolicy)
    triggers: TriggerPolicy = field(default_factory=TriggerPolicy)
    bounds: BoundsPolicy = field(default_factory=BoundsPolicy)
    timing: TimingPolicy = field(default_factory=TimingPolicy)
    proof: ProofPolicy = field(default_factory=ProofPolicy)
    promotion: PromotionPolicy = field(default_factory=PromotionPolicy)
    queue: QueuePolicy = field(default_factory=QueuePolicy)


def read_policy(path: Path | None) -> Policy:
    """Read a policy file, the defaults for what it leaves out; raises BadInputError."""
    if path is None:
        return Policy()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"policy file {path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise BadInputError(f"policy file {path} is not valid YAML") from error
    return policy_from_document(document or {}, str(path))


def policy_from_document(document: Any, name: str) -> Policy:
    """Check and convert a parsed policy; raises BadInputError naming the field."""
    try:
        policy = msgspec.convert(document, Policy)
    except msgspec.ValidationError as error:
        raise BadInputError(f"{name}: {error}") from error
    _refuse_unknown(document, policy, name)
    return policy


def _refuse_unknown(document: Mapping[str, Any], known: Any, where: str) -> None:
    names = {item.name for item in fields(known)}
    for key, value in document.items():
        if key not in names:
            raise BadInputError(f"{where}: {key!r} is no field of the policy")
        if isinstance(value, Mapping):
            _refuse_unknown(value, getattr(known, key), f"{where}: {key}")
