"""Reviews in the object store: all are kept, whoever wrote them and how often."""

from dataclasses import dataclass, field
from datetime import date

from libs.events.errors import InvalidEventError
from libs.events.review import PREFIX, Review, read_review
from services.retraining_agent.errors import ConflictError
from services.retraining_agent.read_ahead import read_objects
from services.retraining_agent.store import ABSENT, ObjectStore


@dataclass
class StoredReviews:
    """Reviews, and the keys of those that break their format."""

    reviews: list[Review] = field(default_factory=list)
    unreadable_keys: list[str] = field(default_factory=list)


def keep_review(store: ObjectStore, review: Review) -> bool:
    """Store `review` beside all others; False when this very review is stored already."""
    content = review.to_json()
    try:
        store.write(review.key, content, ABSENT)
        return True
    except ConflictError:
        known = store.read(review.key)
    if known is not None and known.content == content:
        return False
    try:
        store.write(review.further_key, content, ABSENT)
    except ConflictError:
        return False
    return True


def read_reviews(store: ObjectStore, since: date) -> StoredReviews:
    """Read every review made since the day `since`."""
    found = StoredReviews()
    for key, content in read_objects(store, store.keys(PREFIX, f"{PREFIX}dt={since}")):
        try:
            found.reviews.append(read_review(content))
        except InvalidEventError:
            found.unreadable_keys.append(key)
    return found
