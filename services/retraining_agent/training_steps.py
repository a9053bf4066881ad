"""The steps of a run that make a candidate: assemble the training set, train, take it in."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import timedelta

from libs.registry.champion import model_key
from services.retraining_agent.errors import ConflictError
from services.retraining_agent.jobs import TrainingJob
from services.retraining_agent.labelled_complaints import (
    LabelledComplaints,
    decode_labelled_complaints,
    encode_labelled_complaints,
)
from services.retraining_agent.log_reader import LogQuality, read_log
from services.retraining_agent.model_record import ModelRecord, holdout_key, read_record
from services.retraining_agent.ports import Ports
from services.retraining_agent.review_store import read_reviews
from services.retraining_agent.reviewed_accuracy import Stratum, stratum
from services.retraining_agent.reviewed_rows import ReviewedRow, ReviewedRows
from services.retraining_agent.run_state import RunState, run_key
from services.retraining_agent.store import ABSENT
from services.retraining_agent.stored import read_stored
from services.retraining_agent.training_set import assemble, is_kept_for_proof


def assemble_step(ports: Ports, state: RunState) -> RunState:
    """Write the training set: base data, earlier and new reviews, nothing frozen."""
    record = read_record(ports.store, state.base.version)
    key = holdout_key(record.holdout_digest)
    holdout = decode_labelled_complaints(read_stored(ports.store, key), key)
    reviewed = read_reviewed(ports, state)
    frozen = (*holdout.narratives, *(row.text for row in reviewed.kept))
    training_set = assemble(_base_rows(ports, record), reviewed.learnt, frozen)
    ports.store.write(training_set_key(state), encode_labelled_complaints(training_set.rows))
    counts = {name: value for name, value in asdict(training_set).items() if name != "rows"}
    return state.moved("train", ports.now(), facts=state.knowing(training_set=counts))


def train_step(ports: Ports, state: RunState) -> RunState | None:
    """Let the job run; take the artifact in when it is there. None while it runs."""
    key = training_set_key(state)
    record = read_record(ports.store, state.base.version)
    job = TrainingJob(
        name=state.run_id,
        version=state.target_version,
        training_set=read_stored(ports.store, key),
        training_set_key=key,
        holdout=read_stored(ports.store, holdout_key(record.holdout_digest)),
        holdout_key=holdout_key(record.holdout_digest),
        champion_key=model_key(record.version, "model.tar.gz"),
    )
    status = ports.jobs.advance(job)
    if status == "running":
        return None
    if status == "failed":
        return state.moved("keep", ports.now(), verdict="the training job failed")
    try:
        artifact_key = model_key(state.target_version, "model.tar.gz")
        ports.store.write(artifact_key, ports.jobs.artifact(job), ABSENT)
    except ConflictError:
        pass  # an earlier try of this step stored it: that one is the candidate
    return state.moved("prove", ports.now())


@dataclass(frozen=True)
class Reviewed:
    """Reviewed rows to learn from, those kept for proofs, and the champion's rows by stratum."""

    learnt: list[ReviewedRow]
    kept: list[ReviewedRow]
    logged: Counter[Stratum]


def read_reviewed(ports: Ports, state: RunState) -> Reviewed:
    """Return the reviewed rows as they were when the run was decided."""
    since = state.started_at - timedelta(days=ports.policy.evidence.lookback_days)
    reviews = read_reviews(ports.store, since.date()).reviews
    rows = ReviewedRows(each for each in reviews if each.reviewed_at <= state.reviews_until)
    logged: Counter[Stratum] = Counter()
    for row in read_log(ports.store, since.date(), LogQuality()):
        if row.timestamp > state.reviews_until:
            continue
        rows.add(row)
        if row.model_digest == state.base.model_digest:
            logged[stratum(row.predicted_label, row.confidence)] += 1
    split: dict[bool, list[ReviewedRow]] = {False: [], True: []}
    for each in rows.rows.values():
        split[is_kept_for_proof(each.event_id, ports.policy.proof.review_share)].append(each)
    return Reviewed(split[False], split[True], logged)


def _base_rows(ports: Ports, record: ModelRecord) -> LabelledComplaints:
    """Return what the champion learned from, so that no review is forgotten; else the base."""
    if record.training_set_key is None:
        return ports.base_data()
    content = read_stored(ports.store, record.training_set_key)
    return decode_labelled_complaints(content, record.training_set_key)


def training_set_key(state: RunState) -> str:
    """Return the key of a run's training set."""
    return run_key(state.run_id, "training_set.parquet")
