from datetime import datetime, timedelta

from libs.registry.ledger import LedgerEntry
from services.retraining_agent.evidence import History
from services.retraining_agent.history import history_of
from services.retraining_agent.ledger_store import LedgerStore, Record
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.testing.traffic import START


def entered(*decisions: tuple[str, int, dict[str, str]]) -> list[LedgerEntry]:
    ledger = LedgerStore(MemoryStore())
    for number, (decision, days, evidence) in enumerate(decisions):
        at = START + timedelta(days=days)
        ledger.append(Record(str(number), decision, "", dict(evidence), "policy", at))
    return list(ledger.entries())


def run(days: int) -> dict[str, str]:
    return {"run_id": "r", "reviews_until": (START + timedelta(days=days)).isoformat()}


def test_only_retrainings_within_the_period_use_up_the_budget() -> None:
    entries = entered(("retrain", 0, run(0)), ("retrain", 20, run(20)), ("retrain", 40, run(40)))

    history = history_of(entries, START + timedelta(days=45), budget_days=30)

    assert history.retrainings_in_budget == 2
    assert history.last_retraining_at == START + timedelta(days=40)


def test_reviews_count_as_learned_from_once_a_run_has_ended_either_way() -> None:
    entries = entered(("retrain", 0, run(0)), ("keep", 1, run(0)), ("retrain", 5, run(5)))

    history = history_of(entries, START + timedelta(days=6), budget_days=30)

    assert history.reviews_until == START


def test_a_retraining_that_was_decided_and_never_begun_does_not_count() -> None:
    entries = entered(("retrain", 0, {}), ("do_nothing", 1, {}))

    assert history_of(entries, START + timedelta(days=2), 30) == History()


def test_the_times_are_those_of_the_ledger() -> None:
    (entry,) = entered(("retrain", 3, run(3)))

    assert history_of([entry], START + timedelta(days=4), 30).last_retraining_at == datetime(
        2026, 1, 13, tzinfo=START.tzinfo
    )
