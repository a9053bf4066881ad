"""Model: what it decides, how sure it is, whether complaints have changed, and who is champion."""

from libs.metrics import contract
from ops.monitoring.panels import Panel
from ops.monitoring.queries import Query, quantile, quantiles, rate, ratio

_ALL = rate(contract.PREDICTIONS)

MODEL_PANELS = [
    Panel(
        "Label mix",
        "Share of each label in what is predicted.",
        "percentunit",
        [Query(ratio(rate(contract.PREDICTIONS, "label"), _ALL), "{{label}}")],
        look="shares",
        width=12,
    ),
    Panel(
        "Confidence",
        "Of the predicted label. A fall without a new model means that complaints have changed.",
        "percentunit",
        quantiles((0.1, 0.5, 0.9), contract.CONFIDENCE),
        width=6,
    ),
    Panel(
        "Confidence by label, median",
        "Which desk's complaints the model is least sure of.",
        "percentunit",
        [Query(quantile(0.5, contract.CONFIDENCE, "label"), "{{label}}")],
        width=6,
    ),
    Panel(
        "Review rate",
        "Share of predictions below the review threshold: the reviewers' work.",
        "percentunit",
        [Query(f"{rate(contract.NEEDS_REVIEW)} / {_ALL}", "needs review")],
    ),
    Panel(
        "Truncation",
        "Share of narratives longer than the model reads.",
        "percentunit",
        [Query(f"{rate(contract.TRUNCATED)} / {_ALL}", "truncated")],
    ),
    Panel(
        "Narrative length",
        "Tokens before truncation.",
        "none",
        quantiles((0.5, 0.95), contract.NARRATIVE_TOKENS),
    ),
    Panel(
        "Drift",
        "Distance of the last window from the reference, as the agent measured it.",
        "none",
        [Query(f"max by (feature) ({contract.DRIFT_PSI.name})", "{{feature}}")],
        width=12,
    ),
    Panel(
        "Champion timeline",
        "The champion by the registry's pointer; compare with the model that answers.",
        "none",
        [Query(f"max by (version, digest) ({contract.CHAMPION_INFO.name})", "{{version}}")],
        look="steps",
        width=12,
    ),
    Panel(
        "The agent's last decision",
        "The agent pushes only its last decision, so a row ends where another decision begins.",
        "none",
        [Query(f"max by (decision) ({contract.DECISIONS.name})", "{{decision}}")],
        look="steps",
        width=12,
    ),
    Panel(
        "Since the agent's last round",
        "It runs once a day; beyond 26 hours an alert fires.",
        "s",
        [Query('time() - max(push_time_seconds{job="retraining_agent"})', "since")],
        look="number",
        width=12,
        limit=26 * 3600,
    ),
]
