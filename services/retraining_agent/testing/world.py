"""A small world for tests of runs: a champion, its traffic, reviews, and a clock that is told."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from libs.events.prediction_log import PredictionRow
from libs.events.review import Review
from libs.labels.schema import LABEL_SCHEMA
from libs.registry.champion import CHAMPION_KEY, Champion, model_key, read_champion
from libs.registry.ledger import ChampionRef
from services.retraining_agent.agent import Round, run_round
from services.retraining_agent.champion_store import set_champion
from services.retraining_agent.deployment import Deployment
from services.retraining_agent.holdout_scores import HoldoutScores
from services.retraining_agent.jobs import TrainingJobs
from services.retraining_agent.labelled_complaints import (
    LabelledComplaints,
    encode_labelled_complaints,
)
from services.retraining_agent.lease import Lease
from services.retraining_agent.ledger_store import LedgerStore, Record
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.model_record import ModelRecord, holdout_key, record_key
from services.retraining_agent.policy import (
    Policy,
    PromotionPolicy,
    ProofPolicy,
    TriggerPolicy,
)
from services.retraining_agent.ports import Ports
from services.retraining_agent.review_store import keep_review
from services.retraining_agent.run_state import RunState
from services.retraining_agent.shadow import ShadowDeployment
from services.retraining_agent.store import ObjectStore
from services.retraining_agent.testing.dying_store import (
    DyingDeployment,
    DyingJobs,
    DyingShadow,
    DyingStore,
)
from services.retraining_agent.testing.fakes import (
    FakeDeployment,
    FakeJobs,
    FakeShadow,
    fake_digest,
    open_fake_model,
)
from services.retraining_agent.testing.traffic import START, logged_row, store_log

FIRST = "1.0.0"
HOLDOUT_DIGEST = "b" * 64
POLICY = Policy(
    triggers=TriggerPolicy(min_new_reviews=10, min_reviews_to_train=5),
    # The fakes answer in no time at all, so the ratio of their latencies means nothing.
    proof=ProofPolicy(resamples=50, min_proof_reviews=2, max_latency_ratio=1e9),
    promotion=PromotionPolicy(bake_minutes=0, bake_min_rows=0),
)


@dataclass
class World:
    """Everything around a run; a run that begins anew gets a new lease owner."""

    store: MemoryStore = field(default_factory=MemoryStore)
    jobs: TrainingJobs = field(default_factory=FakeJobs)
    deployment: Deployment = field(default_factory=FakeDeployment)
    shadow: ShadowDeployment = field(default_factory=FakeShadow)
    policy: Policy = POLICY
    clock: datetime = START + timedelta(days=2)
    rounds: int = 0

    def now(self) -> datetime:
        return self.clock

    def ports(self, store: ObjectStore | None = None) -> Ports:
        dies = store if isinstance(store, DyingStore) else None
        return Ports(
            store=store or self.store,
            jobs=DyingJobs(self.jobs, dies) if dies else self.jobs,
            deployment=DyingDeployment(self.deployment, dies) if dies else self.deployment,
            shadow=DyingShadow(self.shadow, dies) if dies else self.shadow,
            open_model=open_fake_model,
            base_data=base_data,
            policy=self.policy,
            now=self.now,
        )

    def lease(self, store: ObjectStore | None = None) -> Lease:
        self.rounds += 1
        return Lease(store or self.store, f"round {self.rounds}", self.now)

    def round(self, store: ObjectStore | None = None) -> Round:
        """Run one round, as a new process would."""
        lease = self.lease(store)
        return run_round(self.ports(store), lease, leave_after_one_look, None, can_train=True)

    def champion(self) -> Champion:
        return read_champion(self.store.objects[CHAMPION_KEY])

    def decisions(self) -> list[str]:
        return [entry.decision for entry in LedgerStore(self.store).entries()]

    def later(self, **delta: float) -> "World":
        self.clock += timedelta(**delta)
        return self


def leave_after_one_look(state: RunState) -> bool:
    """Do not wait for anything."""
    return False


def world_with_champion(quality: str = "bad") -> World:
    """Return a world whose champion is `good` or `bad`, with reviews enough to retrain."""
    world = World()
    store = world.store
    digest = fake_digest(FIRST)
    store.write(model_key(FIRST, "model.tar.gz"), f"{quality} {FIRST}".encode())
    store.write(holdout_key(HOLDOUT_DIGEST), encode_labelled_complaints(_holdout()))
    record = _record(digest)
    store.write(record_key(FIRST), msgspec.json.encode(record))
    entry = LedgerStore(store).append(
        Record(
            action_id="register",
            decision="register",
            reason="the first model",
            evidence={},
            decided_by="test",
            decided_at=START - timedelta(days=1),
            champion=ChampionRef(version=FIRST, model_digest=digest),
        )
    )
    champion = Champion(
        version=FIRST, model_digest=digest, promoted_at=entry.decided_at, ledger_number=1
    )
    set_champion(store, champion, None)
    add_reviewed_traffic(world, digest)
    return world


def add_reviewed_traffic(world: World, digest: str, start: int = 0) -> None:
    """Let a model classify 50 rows, and two reviewers confirm a dozen."""
    rows = [_row(number, digest) for number in range(start, start + 50)]
    store_log(world.store, rows)
    for number, row in enumerate(rows[:24:2]):
        keep_review(
            world.store,
            Review(
                event_id=row.event_id,
                true_label=row.predicted_label,
                reviewer=("ana", "bob")[number % 2],
                reviewed_at=row.received_at + timedelta(hours=1),
            ),
        )


def base_data() -> LabelledComplaints:
    """Return a few rows to learn from."""
    names = LABEL_SCHEMA.names
    return LabelledComplaints(
        tuple(f"base text on {name} of its own words" for name in names),
        names,
        tuple(f"base-{name}" for name in names),
    )


def with_policy(world: World, **changes: object) -> World:
    """Change fields of the promotion policy."""
    promotion = replace(world.policy.promotion, **changes)  # type: ignore[arg-type]
    world.policy = replace(world.policy, promotion=promotion)
    return world


def _row(number: int, digest: str) -> PredictionRow:
    label = LABEL_SCHEMA.names[number % len(LABEL_SCHEMA)]
    words = " ".join(f"{word}{number}" for word in ("alpha", "bravo", "charlie", "delta"))
    return logged_row(number, label, 0.9, f"{words} about {label}", digest)


def _holdout() -> LabelledComplaints:
    labels = LABEL_SCHEMA.names * 30
    texts = tuple(f"holdout {n} number{n} words{n} on {label}" for n, label in enumerate(labels))
    return LabelledComplaints(texts, labels, tuple(f"h{n}" for n in range(len(labels))))


def _record(digest: str) -> ModelRecord:
    return ModelRecord(
        version=FIRST,
        model_digest=digest,
        registered_at=START,
        parent_version=None,
        holdout_digest=HOLDOUT_DIGEST,
        reviews_until=START,
        scores=HoldoutScores(
            rows=150,
            accuracy=0.67,
            macro_f1=0.67,
            weighted_f1=0.67,
            f1={},
            calibration_error=0.1,
            mean_confidence=0.96,
        ),
    )
