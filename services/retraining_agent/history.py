"""What earlier retrainings mean for the next one: read from the ledger's end. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from libs.registry.ledger import LedgerEntry
from services.retraining_agent.evidence import History

_ENDS = ("keep", "promote")


def history_of(entries: Iterable[LedgerEntry], now: datetime, budget_days: int) -> History:
    """Return the retrainings that were begun, and up to which review they have learned."""
    begun: list[datetime] = []
    learnt: list[datetime] = []
    for entry in entries:
        if "run_id" not in entry.evidence:
            continue
        if entry.decision == "retrain":
            begun.append(entry.decided_at)
        elif entry.decision in _ENDS:
            learnt.append(datetime.fromisoformat(entry.evidence["reviews_until"]))
    since = now - timedelta(days=budget_days)
    return History(
        last_retraining_at=max(begun, default=None),
        retrainings_in_budget=sum(at > since for at in begun),
        reviews_until=max(learnt, default=None),
    )
