"""Log rows and reviews for tests, stored where the agent finds them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from libs.events.prediction_log import PredictionRow, prediction_log_key, write_prediction_log
from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.store import ObjectStore

START = datetime(2026, 1, 10, tzinfo=UTC)
DIGEST = "a" * 64


def logged_row(
    number: int,
    label: str = "credit_card",
    confidence: float = 0.9,
    text: str = "",
    digest: str = DIGEST,
) -> PredictionRow:
    """Return row `number`: one a minute from START on."""
    at = START + timedelta(minutes=number)
    others = {name: (1 - confidence) / 4 for name in LABEL_SCHEMA.names}
    return PredictionRow(
        timestamp=at,
        text=text or f"complaint number {number} about my {label.replace('_', ' ')}",
        predicted_label=label,
        confidence=confidence,
        reviewed="No" if confidence < 0.6 else "N/A",
        event_id=f"shardId-000000000000:{number}",
        complaint_id=f"c{number}",
        received_at=at,
        scores={**others, label: confidence},
        is_truncated=False,
        model_version="1.0.0",
        model_digest=digest,
        latency_seconds=0.01,
    )


def store_log(store: ObjectStore, rows: Sequence[PredictionRow]) -> str:
    """Write the rows as one object of the log and return its key."""
    sequence_number = rows[0].event_id.partition(":")[2]
    key = prediction_log_key(
        "complaints", "shardId-000000000000", sequence_number, rows[0].received_at
    )
    store.write(key, write_prediction_log(rows))
    return key
