"""Reviews in the object store: all are kept, whoever wrote them and how often."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from libs.events.errors import InvalidEventError
from libs.events.review import PREFIX, Review, read_review
from services.retraining_agent.errors import ConflictError
from services.retraining_agent.read_ahead import read_objects
from services.retraining_agent.store import ABSENT, ObjectStore


@dataclass
class ReviewQuality:
    """What was wrong with the reviews that were read; filled while they are read."""

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


def read_reviews(store: ObjectStore, quality: ReviewQuality) -> Iterator[Review]:
    """Yield every review ever kept; one that breaks its format is counted in `quality`."""
    for key, content in read_objects(store, store.keys(PREFIX)):
        try:
            yield read_review(content)
        except InvalidEventError:
            quality.unreadable_keys.append(key)
