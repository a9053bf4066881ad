"""What a decision rests on, as plain values that can be stored, compared and read again."""

from dataclasses import dataclass
from datetime import datetime

from services.retraining_agent.drift import Drift
from services.retraining_agent.intervals import Estimate


@dataclass(frozen=True)
class ChampionFacts:
    """The champion, and what it was shown to be worth on its frozen holdout."""

    version: str
    model_digest: str
    promoted_at: datetime
    age_days: float
    holdout_macro_f1: float
    holdout_accuracy: float
    holdout_mean_confidence: float


@dataclass(frozen=True)
class Traffic:
    """What the champion classified within the time looked at."""

    rows: int
    rows_of_other_models: int
    label_mix: dict[str, float]
    mean_confidence: float
    waiting_share: float
    truncated_share: float
    estimated_accuracy: float | None
    """Without any label: the holdout's accuracy, moved by as much as mean confidence moved
    (difference of confidences, Guillory et al. 2021)."""


@dataclass(frozen=True)
class Window:
    """One stretch of time of the champion's traffic; no drift without a reference or rows."""

    start: datetime
    rows: int
    is_complete: bool
    drift: Drift | None


@dataclass(frozen=True)
class ReviewedAccuracy:
    """What reviews say of the champion.

    `macro_f1` weighs each reviewed row by how many logged rows of its predicted label and
    confidence band it stands for, since reviewers see mostly uncertain rows; `covered_share` is
    the share of traffic in bands with any review.
    """

    rows: int
    accuracy: Estimate | None
    claimed_accuracy: float | None
    """Mean confidence of the same rows: what a calibrated model claims to be its accuracy."""
    precision: dict[str, Estimate | None]
    recall: dict[str, Estimate | None]
    macro_f1: Estimate | None
    covered_share: float


@dataclass(frozen=True)
class Reviews:
    """Reviews made within the time looked at, and those that no training has used yet."""

    total: int
    reviewed_rows: int
    new: int
    orphans: int
    """Reviews of decisions that the log, as far as it was read, does not hold."""
    new_by_label: dict[str, int]
    new_by_reviewer: dict[str, int]
    deviation_by_reviewer: dict[str, float]
    """How far each reviewer's labels, or their group's, are from the others', beyond chance."""
    new_relabelled_share: float
    new_label_shift: float
    """Total variation between the labels reviewers gave and those predicted for the same rows."""
    kappa: float | None
    twice_reviewed: int


@dataclass(frozen=True)
class Quality:
    """What was wrong with what was read."""

    log_objects: int
    log_rows: int
    repeated_rows: int
    corrupt_objects: int
    unreadable_reviews: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class History:
    """What the ledger tells of earlier retrainings."""

    last_retraining_at: datetime | None = None
    retrainings_in_budget: int = 0
    reviews_until: datetime | None = None
    """Newest review that any finished retraining has used, whether its model was kept or not."""


@dataclass(frozen=True)
class Evidence:
    """Everything that a decision may look at."""

    gathered_at: datetime
    since: datetime
    champion: ChampionFacts
    reference_rows: int
    traffic: Traffic
    windows: tuple[Window, ...]
    reviews: Reviews
    reviewed_accuracy: ReviewedAccuracy
    quality: Quality
    history: History
