"""Looks at log, reviews and ledger, and decides; changes nothing, and needs no model runtime."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.retraining_agent.champion_store import StoredChampion, require_champion
from services.retraining_agent.decide import Decision, decide
from services.retraining_agent.gather import Gathered, Question, gather
from services.retraining_agent.history import history_of
from services.retraining_agent.ledger_store import LedgerStore
from services.retraining_agent.policy import Policy
from services.retraining_agent.review_queue import QueueItem, ReviewCandidates, rank_queue
from services.retraining_agent.review_store import read_reviews
from services.retraining_agent.store import ObjectStore

_HISTORY_ENTRIES = 2000


@dataclass(frozen=True)
class Seen:
    """What a round looked at: evidence, decision, and the queue that came along."""

    champion: StoredChampion
    gathered: Gathered
    decision: Decision
    queue: list[QueueItem]
    waiting: int


def look(store: ObjectStore, policy: Policy, now: datetime, request: str | None) -> Seen:
    """Gather evidence and decide, changing nothing; raises BadInputError without a champion."""
    champion = require_champion(store)
    since = now - timedelta(days=policy.evidence.lookback_days)
    reviews = read_reviews(store, since.date())
    entries = LedgerStore(store).last(_HISTORY_ENTRIES)
    history = history_of(entries, now, policy.timing.budget_days)
    question = Question(champion.champion, policy.evidence, now, reviews, history)
    candidates = ReviewCandidates(each.event_id for each in reviews.reviews)
    gathered = gather(store, question, candidates.add)
    counts = Counter(row.true_label for row in gathered.reviewed_rows)
    queue = rank_queue(candidates, counts, policy.queue)
    decision = decide(gathered.evidence, policy, request)
    return Seen(champion, gathered, decision, queue, candidates.waiting_rows)
