from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from libs.events.errors import InvalidEventError
from libs.events.review import Review, latest_reviews, read_review

REVIEW = Review(
    event_id="shardId-000000000000:1",
    true_label="debt_collection",
    reviewer="ana",
    reviewed_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
)


def test_a_review_survives_a_round_trip() -> None:
    assert read_review(REVIEW.to_json()) == REVIEW


def test_the_key_has_the_day_of_the_review() -> None:
    assert REVIEW.key == "reviews/dt=2026-01-02/shardId-000000000000:1.json"


def test_an_unknown_label_is_refused_and_the_known_ones_are_listed() -> None:
    content = REVIEW.to_json().replace(b"debt_collection", b"payday")

    with pytest.raises(InvalidEventError, match="'payday'.*credit_card"):
        read_review(content)


def test_the_latest_review_of_an_event_wins_in_any_order() -> None:
    later = msgspec.structs.replace(
        REVIEW,
        true_label="credit_card",
        reviewed_at=REVIEW.reviewed_at + timedelta(seconds=1),
    )

    assert latest_reviews([later, REVIEW]) == latest_reviews([REVIEW, later])
    assert latest_reviews([later, REVIEW])[REVIEW.event_id] == later


def test_two_reviews_of_one_day_have_places_of_their_own() -> None:
    second = msgspec.structs.replace(REVIEW, reviewer="another")

    assert second.key == REVIEW.key
    assert second.further_key not in (REVIEW.key, REVIEW.further_key)


def test_the_same_review_written_again_names_the_same_further_key() -> None:
    again = read_review(REVIEW.to_json())

    assert again.further_key == REVIEW.further_key
    assert again.further_key.startswith(REVIEW.key.removesuffix("json"))
