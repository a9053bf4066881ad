"""Joins reviews to the logged decisions that they judge."""

from collections.abc import Iterable
from dataclasses import dataclass

from libs.events.prediction_log import PredictionRow
from libs.events.review import Review, latest_reviews

LOG_REVIEWER = "prediction log"


@dataclass(frozen=True)
class ReviewedRow:
    """One decision with the review that counts: the newest."""

    event_id: str
    complaint_id: str
    text: str
    predicted_label: str
    confidence: float
    model_digest: str
    review: Review

    @property
    def true_label(self) -> str:
        return self.review.true_label


class ReviewedRows:
    """Collects reviewed decisions while the log is read.

    A log row that already says `Yes` counts as reviewed by the log at the time it was written.
    """

    def __init__(self, reviews: Iterable[Review]) -> None:
        self._latest = latest_reviews(reviews)
        self.rows: dict[str, ReviewedRow] = {}

    @property
    def orphans(self) -> int:
        """Reviews whose decision did not come by."""
        return sum(event_id not in self.rows for event_id in self._latest)

    def add(self, row: PredictionRow) -> None:
        """Keep the row when it was reviewed."""
        review = self._latest.get(row.event_id) or _from_log(row)
        if review is not None:
            self.rows[row.event_id] = ReviewedRow(
                event_id=row.event_id,
                complaint_id=row.complaint_id,
                text=row.text,
                predicted_label=row.predicted_label,
                confidence=row.confidence,
                model_digest=row.model_digest,
                review=review,
            )


def _from_log(row: PredictionRow) -> Review | None:
    if row.reviewed != "Yes":
        return None
    return Review(
        event_id=row.event_id,
        true_label=row.true_label,
        reviewer=LOG_REVIEWER,
        reviewed_at=row.timestamp,
    )
