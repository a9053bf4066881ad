"""Gathers the evidence: one pass over log and reviews, memory independent of the log's length
but for eight bytes a row and a batch a shard. Decides nothing."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from libs.events.prediction_log import PredictionRow
from libs.labels.schema import LABEL_SCHEMA
from libs.registry.champion import Champion
from services.retraining_agent.agreement import agreement
from services.retraining_agent.drift import measure_drift
from services.retraining_agent.evidence import (
    ChampionFacts,
    Evidence,
    History,
    Quality,
    Reviews,
    Traffic,
    Window,
)
from services.retraining_agent.log_reader import LogQuality, read_log
from services.retraining_agent.model_record import ModelRecord, read_record, read_reference
from services.retraining_agent.policy import EvidencePolicy
from services.retraining_agent.review_store import StoredReviews
from services.retraining_agent.reviewed_accuracy import Stratum, reviewed_accuracy, stratum
from services.retraining_agent.reviewed_rows import ReviewedRow, ReviewedRows
from services.retraining_agent.reviewer_deviation import reviewer_deviations
from services.retraining_agent.store import ObjectStore
from services.retraining_agent.traffic_profile import Profile, ProfileBuilder

RowSink = Callable[[PredictionRow], None]


@dataclass(frozen=True)
class Gathered:
    """The evidence, and what apply and report need besides."""

    evidence: Evidence
    record: ModelRecord
    reference: Profile | None
    traffic: Profile
    is_reference_new: bool
    reviewed_rows: tuple[ReviewedRow, ...]


class TrafficFold:
    """Folds one model's log rows into counts."""

    def __init__(self, model_digest: str, policy: EvidencePolicy) -> None:
        self._digest = model_digest
        self._window_seconds = policy.window_hours * 3600
        self._reference_rows = policy.reference_rows
        self.total = ProfileBuilder()
        self.first_rows = ProfileBuilder()
        self.windows: dict[int, ProfileBuilder] = {}
        self.strata: Counter[Stratum] = Counter()
        self.other_models = 0
        self.waiting = 0
        self.truncated = 0
        self.confidence_sum = 0.0
        self.latency_sum = 0.0

    def add(self, row: PredictionRow) -> None:
        """Count one row."""
        if row.model_digest != self._digest:
            self.other_models += 1
            return
        self.waiting += row.reviewed == "No"
        self.truncated += row.is_truncated
        self.confidence_sum += row.confidence
        self.latency_sum += row.latency_seconds
        self.strata[stratum(row.predicted_label, row.confidence)] += 1
        number = int(row.received_at.timestamp()) // self._window_seconds
        window = self.windows.get(number)
        if window is None:
            window = self.windows[number] = ProfileBuilder()
        for profile in (self.total, window):
            profile.add(row.text, row.predicted_label, row.confidence)
        if self.first_rows.rows < self._reference_rows:
            self.first_rows.add(row.text, row.predicted_label, row.confidence)

    def window_start(self, number: int) -> datetime:
        return datetime.fromtimestamp(number * self._window_seconds, UTC)


@dataclass(frozen=True)
class Question:
    """Of which champion evidence is wanted, by which policy, at what time."""

    champion: Champion
    policy: EvidencePolicy
    now: datetime
    reviews: StoredReviews
    history: History


def gather(store: ObjectStore, question: Question, also: RowSink | None = None) -> Gathered:
    """Read the log and return the evidence; each log row also goes to `also`."""
    champion, policy, now = question.champion, question.policy, question.now
    record = read_record(store, champion.version)
    reviewed = ReviewedRows(question.reviews.reviews)
    fold, quality = TrafficFold(champion.model_digest, policy), LogQuality()
    since = now - timedelta(days=policy.lookback_days)
    for row in read_log(store, since.date(), quality):
        fold.add(row)
        reviewed.add(row)
        if also is not None:
            also(row)
    rows = tuple(reviewed.rows.values())
    stored_reference = read_reference(store, champion.version)
    reference = stored_reference or _first_traffic(fold, policy)
    evidence = Evidence(
        gathered_at=now,
        since=since,
        champion=_champion_facts(champion, record, now),
        reference_rows=0 if reference is None else reference.rows,
        traffic=_traffic(fold, record),
        windows=_windows(fold, reference, policy, now),
        reviews=_review_facts(question, reviewed, record),
        reviewed_accuracy=reviewed_accuracy(
            [row for row in rows if row.model_digest == champion.model_digest], fold.strata
        ),
        quality=_quality(quality, question.reviews),
        history=question.history,
    )
    is_new = stored_reference is None and reference is not None
    return Gathered(evidence, record, reference, fold.total.build(), is_new, rows)


def _first_traffic(fold: TrafficFold, policy: EvidencePolicy) -> Profile | None:
    is_full = fold.first_rows.rows >= policy.reference_rows
    return fold.first_rows.build() if is_full else None


def _champion_facts(champion: Champion, record: ModelRecord, now: datetime) -> ChampionFacts:
    return ChampionFacts(
        version=champion.version,
        model_digest=champion.model_digest,
        promoted_at=champion.promoted_at,
        age_days=(now - champion.promoted_at).total_seconds() / 86400,
        holdout_macro_f1=record.scores.macro_f1,
        holdout_accuracy=record.scores.accuracy,
        holdout_mean_confidence=record.scores.mean_confidence,
    )


def _traffic(fold: TrafficFold, record: ModelRecord) -> Traffic:
    profile = fold.total.build()
    rows = max(1, profile.rows)
    mean_confidence = fold.confidence_sum / rows
    moved = mean_confidence - record.scores.mean_confidence
    return Traffic(
        rows=profile.rows,
        rows_of_other_models=fold.other_models,
        label_mix={name: profile.label_counts[name] / rows for name in LABEL_SCHEMA.names},
        mean_confidence=mean_confidence,
        waiting_share=fold.waiting / rows,
        truncated_share=fold.truncated / rows,
        estimated_accuracy=(
            min(1.0, max(0.0, record.scores.accuracy + moved)) if profile.rows else None
        ),
    )


def _windows(
    fold: TrafficFold, reference: Profile | None, policy: EvidencePolicy, now: datetime
) -> tuple[Window, ...]:
    length = timedelta(hours=policy.window_hours)
    windows = []
    for number in sorted(fold.windows):
        profile, start = fold.windows[number].build(), fold.window_start(number)
        is_large = profile.rows >= policy.window_min_rows
        drift = measure_drift(reference, profile) if reference and is_large else None
        windows.append(Window(start, profile.rows, start + length <= now, drift))
    return tuple(windows)


def _review_facts(question: Question, reviewed: ReviewedRows, record: ModelRecord) -> Reviews:
    learnt_until = max(record.reviews_until, question.history.reviews_until or record.reviews_until)
    new = [row for row in reviewed.rows.values() if row.review.reviewed_at > learnt_until]
    given = Counter(row.true_label for row in new)
    predicted = Counter(row.predicted_label for row in new)
    kappa, twice = agreement(question.reviews.reviews)
    rows = max(1, len(new))
    return Reviews(
        total=len(question.reviews.reviews),
        reviewed_rows=len(reviewed.rows),
        new=len(new),
        orphans=reviewed.orphans,
        new_by_label={name: given[name] for name in LABEL_SCHEMA.names},
        new_by_reviewer=dict(Counter(row.review.reviewer for row in new)),
        deviation_by_reviewer=reviewer_deviations(new),
        new_relabelled_share=sum(row.true_label != row.predicted_label for row in new) / rows,
        new_label_shift=sum(abs(given[n] - predicted[n]) for n in LABEL_SCHEMA.names) / (2 * rows),
        kappa=kappa,
        twice_reviewed=twice,
    )


def _quality(log: LogQuality, reviews: StoredReviews) -> Quality:
    return Quality(
        log_objects=log.objects,
        log_rows=log.rows,
        repeated_rows=log.repeated_rows,
        corrupt_objects=len(log.corrupt_objects),
        unreadable_reviews=len(reviews.unreadable_keys),
        examples=(*log.corrupt_objects[:3], *reviews.unreadable_keys[:3]),
    )
