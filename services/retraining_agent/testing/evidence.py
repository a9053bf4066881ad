"""Evidence for tests: a quiet champion, to be changed with dataclasses.replace."""

from datetime import timedelta

from libs.labels.schema import LABEL_SCHEMA
from services.retraining_agent.drift import Drift
from services.retraining_agent.evidence import (
    ChampionFacts,
    Evidence,
    History,
    Quality,
    ReviewedAccuracy,
    Reviews,
    Traffic,
    Window,
)
from services.retraining_agent.testing.traffic import DIGEST, START

_NAMES = LABEL_SCHEMA.names


def calm_evidence() -> Evidence:
    """Return evidence on which nothing is due, with reviews enough to learn from."""
    return Evidence(
        gathered_at=START,
        since=START - timedelta(days=60),
        champion=ChampionFacts(
            version="1.0.0",
            model_digest=DIGEST,
            promoted_at=START - timedelta(days=10),
            age_days=10,
            holdout_macro_f1=0.85,
            holdout_accuracy=0.87,
            holdout_mean_confidence=0.86,
        ),
        reference_rows=1000,
        traffic=Traffic(10_000, 0, dict.fromkeys(_NAMES, 0.2), 0.86, 0.1, 0.1, 0.87),
        windows=tuple(calm_window(day) for day in range(5)),
        reviews=Reviews(
            total=100,
            reviewed_rows=100,
            new=100,
            orphans=0,
            new_by_label=dict.fromkeys(_NAMES, 20),
            new_by_reviewer={"ana": 50, "bob": 50},
            deviation_by_reviewer={"ana": 0.0, "bob": 0.0},
            new_relabelled_share=0.2,
            new_label_shift=0.1,
            kappa=0.8,
            twice_reviewed=10,
        ),
        reviewed_accuracy=ReviewedAccuracy(0, None, None, {}, {}, None, 0.0),
        quality=Quality(100, 10_000, 0, 0, 0, ()),
        history=History(),
    )


def calm_window(day: int, psi_length: float = 0.01) -> Window:
    """Return a complete window without drift, but for the length if asked."""
    drift = Drift(500, psi_length, 0.01, 0.01, 0.05, 0.05, 0.05, 0.01)
    return Window(START - timedelta(days=6 - day), 500, True, drift)
