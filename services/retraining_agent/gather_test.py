from datetime import timedelta

import msgspec
import pytest

from libs.events.review import Review
from libs.registry.champion import Champion
from services.retraining_agent.evidence import History
from services.retraining_agent.gather import Gathered, Question, gather
from services.retraining_agent.holdout_scores import HoldoutScores
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.model_record import ModelRecord, record_key
from services.retraining_agent.policy import EvidencePolicy
from services.retraining_agent.review_store import keep_review, read_reviews
from services.retraining_agent.testing.traffic import DIGEST, START, logged_row, store_log

NOW = START + timedelta(days=3)
CHAMPION = Champion(
    version="1.0.0", model_digest=DIGEST, promoted_at=START - timedelta(days=1), ledger_number=1
)
RECORD = ModelRecord(
    version="1.0.0",
    model_digest=DIGEST,
    registered_at=START,
    parent_version=None,
    holdout_digest="b" * 64,
    reviews_until=START,
    scores=HoldoutScores(
        rows=100,
        accuracy=0.9,
        macro_f1=0.85,
        weighted_f1=0.9,
        f1={},
        calibration_error=0.01,
        mean_confidence=0.88,
    ),
)
POLICY = EvidencePolicy(window_min_rows=50, reference_rows=100)


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.write(record_key("1.0.0"), msgspec.json.encode(RECORD))
    return store


def gathered_from(store: MemoryStore) -> Gathered:
    return gather(
        store, Question(CHAMPION, POLICY, NOW, read_reviews(store, START.date()), History())
    )


def reviewed(number: int, label: str, minutes: int = 60) -> Review:
    at = START + timedelta(minutes=minutes)
    event_id = logged_row(number).event_id
    return Review(event_id=event_id, true_label=label, reviewer="ana", reviewed_at=at)


def test_traffic_is_that_of_the_champion_alone(store: MemoryStore) -> None:
    store_log(store, [logged_row(n, confidence=0.5 if n < 2 else 0.9) for n in range(8)])
    store_log(store, [logged_row(n, digest="f" * 64) for n in range(60, 63)])

    traffic = gathered_from(store).evidence.traffic

    assert (traffic.rows, traffic.rows_of_other_models) == (8, 3)
    assert traffic.waiting_share == pytest.approx(0.25)
    assert traffic.mean_confidence == pytest.approx(0.8)
    assert traffic.estimated_accuracy == pytest.approx(0.9 + 0.8 - 0.88)


def test_the_first_traffic_becomes_the_reference_of_the_windows(store: MemoryStore) -> None:
    store_log(store, [logged_row(n) for n in range(100)])
    store_log(store, [logged_row(24 * 60 + n, text="word " * 400) for n in range(100)])

    gathered = gathered_from(store)

    drifts = [window.drift for window in gathered.evidence.windows]
    assert gathered.is_reference_new
    assert all(drift is not None for drift in drifts)
    assert [drift.psi_length > 1 for drift in drifts if drift] == [False, True]


def test_without_enough_rows_there_is_no_reference_and_no_drift(store: MemoryStore) -> None:
    store_log(store, [logged_row(n) for n in range(99)])

    gathered = gathered_from(store)

    assert gathered.reference is None
    assert [window.drift for window in gathered.evidence.windows] == [None]


def test_reviews_are_new_orphaned_or_known_to_the_champion(store: MemoryStore) -> None:
    store_log(store, [logged_row(n) for n in range(4)])
    for review in (
        reviewed(0, "credit_card"),
        reviewed(1, "retail_banking"),
        reviewed(99, "credit_card"),
    ):
        keep_review(store, review)
    keep_review(store, reviewed(2, "credit_card", minutes=0))

    reviews = gathered_from(store).evidence.reviews

    assert (reviews.total, reviews.reviewed_rows, reviews.new, reviews.orphans) == (4, 3, 2, 1)
    assert reviews.new_by_reviewer == {"ana": 2}
    assert reviews.new_relabelled_share == pytest.approx(0.5)
    assert reviews.new_label_shift == pytest.approx(0.5)


def test_a_log_row_that_says_it_was_reviewed_counts_as_a_review(store: MemoryStore) -> None:
    row = msgspec.structs.replace(logged_row(1), reviewed="Yes", true_label="retail_banking")
    store_log(store, [row])

    gathered = gathered_from(store)

    assert [row.true_label for row in gathered.reviewed_rows] == ["retail_banking"]


def test_repeats_and_corruption_are_counted(store: MemoryStore) -> None:
    store_log(store, [logged_row(0), logged_row(1)])
    key = store_log(store, [logged_row(1), logged_row(2)])
    store.objects[key] += b"x\r\n"

    quality = gathered_from(store).evidence.quality

    assert (quality.log_rows, quality.repeated_rows, quality.corrupt_objects) == (3, 1, 1)
    assert quality.examples == (key,)
