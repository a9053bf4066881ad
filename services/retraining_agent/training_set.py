"""Assembles what a candidate learns from: base data and the newest reviews, nothing frozen."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.retraining_agent.labelled_complaints import LabelledComplaints
from services.retraining_agent.leak_guard import LeakGuard
from services.retraining_agent.reviewed_rows import ReviewedRow

_BUCKETS = 10_000


@dataclass(frozen=True)
class TrainingSet:
    """The rows to learn from, and what was left out of them."""

    rows: LabelledComplaints
    base_rows: int
    review_rows: int
    leaked_base_rows: int
    leaked_review_rows: int
    replaced_base_rows: int
    """Base rows of a complaint that a review judges: the review wins."""


def is_kept_for_proof(event_id: str, proof_share: float) -> bool:
    """Say whether a reviewed decision is for proofs alone; the answer never changes."""
    digest = hashlib.sha256(event_id.encode()).digest()
    return int.from_bytes(digest[:8]) % _BUCKETS < proof_share * _BUCKETS


def assemble(
    base: LabelledComplaints, reviewed: Sequence[ReviewedRow], frozen: Iterable[str]
) -> TrainingSet:
    """Join base data and reviewed rows, without anything like a frozen narrative."""
    guard = LeakGuard(frozen)
    reviewed_ids = {row.complaint_id for row in reviewed}
    kept: list[tuple[str, str, str]] = []
    leaked_base = leaked_reviews = replaced = 0
    for text, label, complaint_id in zip(
        base.narratives, base.labels, base.complaint_ids, strict=True
    ):
        if complaint_id and complaint_id in reviewed_ids:
            replaced += 1
        elif guard.leaks(text):
            leaked_base += 1
        else:
            kept.append((text, label, complaint_id))
    base_rows = len(kept)
    for row in reviewed:
        if guard.leaks(row.text):
            leaked_reviews += 1
        else:
            kept.append((row.text, row.true_label, row.complaint_id))
    texts, labels, ids = zip(*kept, strict=True) if kept else ((), (), ())
    return TrainingSet(
        rows=LabelledComplaints(texts, labels, ids),
        base_rows=base_rows,
        review_rows=len(kept) - base_rows,
        leaked_base_rows=leaked_base,
        leaked_review_rows=leaked_reviews,
        replaced_base_rows=replaced,
    )
