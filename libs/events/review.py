"""Reviews: a person's or an agent's word on a decision (contract 6). Knows no S3."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from libs.events.complaint import Timestamp
from libs.events.decoding import decode_json
from libs.labels.schema import LABEL_SCHEMA

PREFIX = "reviews/"


class Review(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a reviewer says the label of one logged decision should have been."""

    event_id: Annotated[str, msgspec.Meta(min_length=1)]
    true_label: str
    reviewer: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    reviewed_at: Timestamp
    note: str | None = None

    def __post_init__(self) -> None:
        if self.true_label not in LABEL_SCHEMA.names:
            raise ValueError(
                f"true_label is {self.true_label!r}: expected one of "
                f"{', '.join(LABEL_SCHEMA.names)}"
            )

    def to_json(self) -> bytes:
        return msgspec.json.encode(self)

    @property
    def key(self) -> str:
        """The S3 key of the first review of this decision on its day."""
        return f"{self._stem}.json"

    @property
    def further_key(self) -> str:
        """The S3 key where `key` is taken by another review; the same review gets the same one.

        Both are written with `If-None-Match: *`, so no review ever replaces another.
        """
        digest = hashlib.sha256(self.to_json()).hexdigest()
        return f"{self._stem}.{digest[:16]}.json"

    @property
    def _stem(self) -> str:
        day = self.reviewed_at.astimezone(UTC).strftime("dt=%Y-%m-%d")
        return f"{PREFIX}{day}/{self.event_id}"


def read_review(content: bytes) -> Review:
    """Decode one review; raises InvalidEventError naming the field."""
    return decode_json(content, Review, "review")


def latest_reviews(reviews: Iterable[Review]) -> dict[str, Review]:
    """Return the review that counts for each event id: the latest one."""
    latest: dict[str, Review] = {}
    for review in reviews:
        known = latest.get(review.event_id)
        if known is None or _order(review) > _order(known):
            latest[review.event_id] = review
    return latest


def _order(review: Review) -> tuple[datetime, str]:
    return review.reviewed_at, review.reviewer
