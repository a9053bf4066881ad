"""The step that proves: both models on the same holdout and on reviews that none learned from."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from libs.artifact.manifest import Scalar
from libs.labels.schema import LABEL_SCHEMA
from libs.registry.champion import model_key
from services.retraining_agent.compare import Answers, compare
from services.retraining_agent.holdout_scores import holdout_scores
from services.retraining_agent.labelled_complaints import decode_labelled_complaints
from services.retraining_agent.model_record import (
    ModelRecord,
    holdout_key,
    read_record,
    record_key,
)
from services.retraining_agent.policy import ProofPolicy
from services.retraining_agent.ports import Ports
from services.retraining_agent.proof import ProofFacts, judge
from services.retraining_agent.reviewed_accuracy import Stratum, stratum
from services.retraining_agent.reviewed_rows import ReviewedRow
from services.retraining_agent.run_state import RunState
from services.retraining_agent.stored import read_stored
from services.retraining_agent.training_steps import Reviewed, read_reviewed, training_set_key


@dataclass(frozen=True)
class Scored:
    """One model's probabilities on the holdout and on the kept reviews, and its speed."""

    digest: str
    evaluation: Mapping[str, Scalar]
    holdout: npt.NDArray[np.float64]
    recent: npt.NDArray[np.float64]
    seconds: float


def prove_step(ports: Ports, state: RunState) -> RunState:
    """Score champion and candidate, judge, and keep the proof and the candidate's record."""
    base = read_record(ports.store, state.base.version)
    facts, digest = measure(ports, state, base)
    proof = judge(facts, ports.policy.proof)
    record = ModelRecord(
        version=state.target_version,
        model_digest=digest,
        registered_at=ports.now(),
        parent_version=base.version,
        holdout_digest=base.holdout_digest,
        reviews_until=state.reviews_until,
        scores=facts.candidate,
        training_set_key=training_set_key(state),
    )
    key = model_key(state.target_version, "proof.json")
    ports.store.write(key, msgspec.json.encode(proof))
    ports.store.write(record_key(record.version), msgspec.json.encode(record))
    return state.moved(
        "approve" if proof.is_proven else "keep",
        ports.now(),
        target_digest=digest,
        verdict=proof.reason,
        facts=state.knowing(proof=key, gain=facts.holdout.gain.value),
    )


def measure(ports: Ports, state: RunState, base: ModelRecord) -> tuple[ProofFacts, str]:
    """Return the facts of the proof and the candidate's digest."""
    key = holdout_key(base.holdout_digest)
    holdout = decode_labelled_complaints(read_stored(ports.store, key), key)
    reviewed = read_reviewed(ports, state)
    kept = _enough(reviewed, state, ports.policy.proof)
    texts = [row.text for row in kept]
    champion = _score(ports, state.base.version, holdout.narratives, texts)
    candidate = _score(ports, state.target_version, holdout.narratives, texts)
    resamples = ports.policy.proof.resamples
    on_holdout = Answers(holdout.label_ids, _ids(champion.holdout), _ids(candidate.holdout))
    on_recent = _recent_answers(kept, reviewed.logged, champion, candidate)
    facts = ProofFacts(
        holdout=compare(on_holdout, resamples),
        recent=compare(on_recent, resamples) if kept else None,
        champion=holdout_scores(holdout.label_ids, champion.holdout),
        candidate=holdout_scores(holdout.label_ids, candidate.holdout),
        champion_seconds=champion.seconds,
        candidate_seconds=candidate.seconds,
        int8_macro_f1_loss=_number(candidate.evaluation.get("verification_macro_f1_loss")),
        int8_flip_share=_flip_share(candidate.evaluation, ports.policy.proof.min_int8_narratives),
    )
    return facts, candidate.digest


def _enough(reviewed: Reviewed, state: RunState, policy: ProofPolicy) -> list[ReviewedRow]:
    """Return the kept reviews of the champion's own decisions, none if they are too few."""
    own = [row for row in reviewed.kept if row.model_digest == state.base.model_digest]
    return own if len(own) >= policy.min_proof_reviews else []


def _score(ports: Ports, version: str, holdout: Sequence[str], recent: Sequence[str]) -> Scored:
    content = read_stored(ports.store, model_key(version, "model.tar.gz"))
    with ports.open_model(content) as model:
        started = time.perf_counter()
        on_holdout = model.scorer.probabilities(holdout)
        seconds = (time.perf_counter() - started) / len(holdout)
        on_recent = model.scorer.probabilities(recent)
        return Scored(model.digest, model.evaluation, on_holdout, on_recent, seconds)


def _recent_answers(
    kept: Sequence[ReviewedRow], logged: Mapping[Stratum, int], champion: Scored, candidate: Scored
) -> Answers:
    """Let each reviewed row weigh as much as the traffic of its stratum that it stands for."""
    strata = [stratum(row.predicted_label, row.confidence) for row in kept]
    reviewed = Counter(strata)
    return Answers(
        true_ids=[LABEL_SCHEMA.label_id(row.true_label) for row in kept],
        champion_ids=_ids(champion.recent),
        candidate_ids=_ids(candidate.recent),
        strata=[f"{name} {band}" for name, band in strata],
        weights=[logged[one] / reviewed[one] for one in strata],
    )


def _ids(probabilities: npt.NDArray[np.float64]) -> list[int]:
    return probabilities.argmax(axis=1).tolist() if len(probabilities) else []


def _number(value: Scalar) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)


def _flip_share(evaluation: Mapping[str, Scalar], at_least: int) -> float | None:
    flips = _number(evaluation.get("verification_flips"))
    narratives = _number(evaluation.get("verification_narratives"))
    if flips is None or narratives is None or narratives < at_least:
        return None
    return flips / narratives
