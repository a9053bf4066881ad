"""The agent on real dates: a champion of 2015-2017 meets 2023-2025, or, as a control, its own time.

    COMPLAINTS_DATA=folder python -m ops.bench.agent.drift [--control] [--trainer]

Time is told, not waited for: one day of the story has so many complaints, and ends with one round
of the agent. Everything else is the product: reading, deciding, training as subprocesses, proof
through ONNX Runtime, promotion.
"""

import os
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import click
import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from libs.artifact.scorer import OnnxScorer
from libs.events.prediction_log import PredictionRow, prediction_log_key, write_prediction_log
from libs.events.review import Review
from libs.labels.schema import LABEL_SCHEMA
from libs.registry.champion import Champion, model_key
from services.retraining_agent.agent import Round, run_round
from services.retraining_agent.champion_store import require_champion
from services.retraining_agent.compare import Answers, compare
from services.retraining_agent.deployment import PointerDeployment
from services.retraining_agent.jobs import TrainingJob
from services.retraining_agent.labelled_complaints import (
    LabelledComplaints,
    encode_labelled_complaints,
)
from services.retraining_agent.lease import Lease
from services.retraining_agent.local_jobs import LocalCommands, LocalTrainingJobs
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.policy import (
    EvidencePolicy,
    Policy,
    PromotionPolicy,
    ProofPolicy,
    TriggerPolicy,
)
from services.retraining_agent.ports import Ports
from services.retraining_agent.register import FirstModel, register_first
from services.retraining_agent.review_store import keep_review
from services.retraining_agent.scoring import open_model, opened_archive

START = datetime(2026, 1, 1, tzinfo=UTC)
MODULE = f"{sys.executable} -m ops.bench.agent.linear_model"
STAND_IN = LocalCommands(
    trainer=f"{MODULE} train {{data}} {{checkpoint}}",
    exporter=f"{MODULE} export {{checkpoint}} {{archive}} {{version}}",
)
SERVICES = LocalCommands(
    trainer=f"{sys.executable} -m services.trainer.main run --data {{data}} --to {{checkpoint}} "
    "--work {work} --max-length 128 --epochs 3",
    exporter=f"{sys.executable} -m services.onnx_exporter.main export {{checkpoint}} "
    "--to {archive_folder} --version {version} --narratives {holdout}",
)
POLICY = Policy(
    evidence=EvidencePolicy(window_min_rows=100),
    # Only drift and reviewed quality may ask for a retraining: a control that retrains because
    # enough reviews came would control nothing.
    triggers=TriggerPolicy(min_new_reviews=100_000, min_reviews_to_train=200),
    proof=ProofPolicy(
        # The old holdout has 1,117 rows: its intervals are 0.02 wide to either side, those of a
        # class up to 0.08. Smaller margins would refuse a candidate that is as good.
        margin=0.05,
        class_margin=0.12,
        # The linear stand-in is calibrated on a tenth of its few rows.
        max_calibration_error=0.1,
        # Other programs make latencies of 50 microseconds jump.
        max_latency_ratio=3.0,
        review_share=0.3,
    ),
    promotion=PromotionPolicy(bake_minutes=0),
)


@dataclass(frozen=True)
class Story:
    """The parts of the data that a story is told from."""

    base: pd.DataFrame
    holdout: pd.DataFrame
    stream: pd.DataFrame
    later: pd.DataFrame


def load_story(folder: Path, control: bool, in_order: bool) -> Story:
    """Split by cluster, never by row; lower-cased copies of one label are left out.

    The sources of 2023 to 2025 come in blocks, first student loans, last credit cards, so their
    order is shuffled unless asked for: then later rows are like those of the stream.
    """
    rows = pd.read_parquet(folder / "complaints_train.parquet")
    rows = rows[rows.variant == "original"].copy()
    rows["complaint_id"] = [f"row-{index}" for index in rows.index]
    rows = rows.assign(day=pd.to_datetime(rows.date_received, errors="coerce")).dropna(subset="day")
    old = rows[rows.day.dt.year.between(2015, 2017)]
    clusters = old.cluster.unique()
    np.random.default_rng(7).shuffle(clusters)
    parts = np.split(clusters, [int(len(clusters) * 0.45), int(len(clusters) * 0.6)])
    base, holdout, rest = (old[old.cluster.isin(part)] for part in parts)
    if not control:
        new = rows[rows.day.dt.year.between(2023, 2025) & ~rows.cluster.isin(clusters)]
        rest = new
    rest = rest.sort_values("day", kind="stable").drop_duplicates("cluster")
    if not in_order:
        rest = rest.sample(frac=1, random_state=7)
    cut = int(len(rest) * 0.6)
    return Story(base, holdout, rest[:cut], rest[cut:])


class Simulation:
    """The champion classifies day by day, reviewers answer, and the agent runs every night."""

    def __init__(
        self, story: Story, folder: Path, commands: LocalCommands, rows_a_day: int, rate: float
    ) -> None:
        self.story = story
        self.folder = folder
        self.rows_a_day = rows_a_day
        self.review_rate = rate
        self.store = MemoryStore()
        self.clock = START
        self.jobs = LocalTrainingJobs(folder / "jobs", commands)
        self.random = np.random.default_rng(11)

    def register(self) -> None:
        """Train the first champion on the old rows and register it with the old holdout."""
        holdout = complaints_of(self.story.holdout)
        job = TrainingJob(
            name="first",
            version="2017",
            training_set=encode_labelled_complaints(complaints_of(self.story.base)),
            training_set_key="",
            holdout=encode_labelled_complaints(holdout),
            holdout_key="",
            champion_key="",
        )
        while (status := self.jobs.advance(job)) == "running":
            pass
        if status == "failed":
            self._show_why()
        archive = self.folder / "first.tar.gz"
        archive.write_bytes(self.jobs.artifact(job))
        with opened_archive(archive) as artifact:
            model = FirstModel(archive, artifact, OnnxScorer(artifact), holdout, holdout, "bench")
            register_first(self.store, model, self.clock)

    def play(self) -> list[tuple[int, Round]]:
        """Live through the stream; return the round of every night."""
        rounds = []
        for number, start in enumerate(range(0, len(self.story.stream), self.rows_a_day)):
            self._live(self.story.stream[start : start + self.rows_a_day])
            self.clock = START + timedelta(days=number + 1)
            lease = Lease(self.store, f"night {number}", lambda: self.clock)
            done = run_round(self._ports(), lease, lambda state: True, None, True)
            if done.decision.verdict == "the training job failed":
                self._show_why()
            rounds.append((number + 1, done))
        return rounds

    def probabilities(self, version: str, texts: list[str]) -> npt.NDArray[np.float64]:
        """Classify texts with a registered model."""
        with open_model(self.store.objects[model_key(version, "model.tar.gz")]) as model:
            return model.scorer.probabilities(texts)

    def _show_why(self) -> NoReturn:
        """End with the log of the job that failed."""
        logs = sorted((self.folder / "jobs").glob("*/job.log"), key=lambda log: log.stat().st_mtime)
        raise click.ClickException(f"{logs[-1]}: {logs[-1].read_text()}")

    def _live(self, rows: pd.DataFrame) -> None:
        champion = require_champion(self.store).champion
        found = self.probabilities(champion.version, rows.narrative.tolist())
        complaints = complaints_of(rows)
        logged = []
        for number, scores in enumerate(found):
            at = self.clock + timedelta(seconds=86_000 * number / len(rows))
            logged.append(_logged(complaints, number, scores, at, champion))
            is_waiting = scores.max() < 0.6
            if self.random.random() < (self.review_rate if is_waiting else self.review_rate / 3):
                self._review(logged[-1].event_id, complaints.labels[number], at)
        key = prediction_log_key("bench", "shard", str(rows.index[0]), self.clock)
        self.store.write(key, write_prediction_log(logged))

    def _review(self, event_id: str, label: str, at: datetime) -> None:
        reviewer = ("ana", "bob", "cleo")[self.random.integers(3)]
        review = Review(event_id=event_id, true_label=label, reviewer=reviewer, reviewed_at=at)
        keep_review(self.store, review)

    def _ports(self) -> Ports:
        return Ports(
            store=self.store,
            jobs=self.jobs,
            deployment=PointerDeployment(),
            open_model=open_model,
            base_data=lambda: complaints_of(self.story.base),
            policy=POLICY,
            now=lambda: self.clock,
        )


@click.command()
@click.option("--control", is_flag=True, help="Stream rows of the champion's own time.")
@click.option("--trainer", is_flag=True, help="Train with the real trainer and exporter, which "
              "takes minutes a time, and not with the linear stand-in.")  # fmt: skip
@click.option("--in-order", is_flag=True, help="Stream in the order of dates.")
@click.option("--rows-a-day", default=150, show_default=True)
@click.option("--review-rate", default=0.6, show_default=True, help="Share of waiting rows that "
              "are reviewed; of the others a third of it.")  # fmt: skip
def main(control: bool, trainer: bool, in_order: bool, rows_a_day: int, review_rate: float) -> None:
    """Tell the story and print what the agent did."""
    folder = os.environ.get("COMPLAINTS_DATA")
    if not folder:
        raise click.UsageError("the environment variable COMPLAINTS_DATA is not set")
    story = load_story(Path(folder), control, in_order)
    click.echo(
        f"base {len(story.base)}, holdout {len(story.holdout)}, stream {len(story.stream)}, "
        f"later {len(story.later)} rows"
    )
    with tempfile.TemporaryDirectory() as work:
        commands = SERVICES if trainer else STAND_IN
        simulation = Simulation(story, Path(work), commands, rows_a_day, review_rate)
        simulation.register()
        for night, done in simulation.play():
            _tell(night, done)
        _evaluate(simulation)


def complaints_of(rows: pd.DataFrame) -> LabelledComplaints:
    return LabelledComplaints(tuple(rows.narrative), tuple(rows.label), tuple(rows.complaint_id))


def _logged(
    complaints: LabelledComplaints,
    number: int,
    scores: npt.NDArray[np.float64],
    at: datetime,
    champion: Champion,
) -> PredictionRow:
    complaint_id = complaints.complaint_ids[number]
    return PredictionRow(
        timestamp=at,
        text=complaints.narratives[number],
        predicted_label=LABEL_SCHEMA.label_name(int(scores.argmax())),
        confidence=float(scores.max()),
        reviewed="No" if scores.max() < 0.6 else "N/A",
        event_id=f"shard:{complaint_id}",
        complaint_id=complaint_id,
        received_at=at,
        scores=dict(zip(LABEL_SCHEMA.names, map(float, scores), strict=True)),
        is_truncated=False,
        model_version=champion.version,
        model_digest=champion.model_digest,
        latency_seconds=0.001,
    )


def _tell(night: int, done: Round) -> None:
    decision = done.decision
    drift = ", ".join(f"{name} {value:.3f}" for name, value in decision.drift_psi.items())
    click.echo(f"night {night}: {decision.decision}, {decision.reason}")
    click.echo(f"    drift of the last window: {drift}")
    if decision.holds:
        click.echo(f"    holds: {'; '.join(decision.holds)}")
    if done.state is not None:
        click.echo(f"    {done.state.facts.get('training_set')}")
        click.echo(f"    {decision.verdict}; champion {decision.champion_version}")


def _evaluate(simulation: Simulation) -> None:
    """Compare first and last champion on later rows, and the label-free estimate with the truth."""
    last = require_champion(simulation.store).champion.version
    later = simulation.story.later
    truth = complaints_of(later).label_ids
    before = simulation.probabilities("2017", later.narrative.tolist())
    after = simulation.probabilities(last, later.narrative.tolist())
    found = compare(
        Answers(truth, before.argmax(axis=1).tolist(), after.argmax(axis=1).tolist()), 2000
    )
    click.echo(
        f"later rows: macro F1 {found.champion_macro_f1:.3f} before, "
        f"{found.candidate_macro_f1:.3f} after, gain {found.gain.value:+.3f} "
        f"({found.gain.low:+.3f} to {found.gain.high:+.3f}), McNemar p {found.mcnemar_p:.2g}"
    )
    for version, probabilities in (("2017", before), (last, after)):
        record = msgspec.json.decode(simulation.store.objects[model_key(version, "record.json")])
        scores = record["scores"]
        confidence = probabilities.max(axis=1).mean()
        estimate = scores["accuracy"] + confidence - scores["mean_confidence"]
        accuracy = (probabilities.argmax(axis=1) == np.asarray(truth)).mean()
        click.echo(
            f"{version}: accuracy on later rows {accuracy:.3f}, estimated without labels "
            f"{estimate:.3f} (off by {100 * (estimate - accuracy):+.1f} points), "
            f"mean confidence alone {100 * (confidence - accuracy):+.1f} points"
        )
        if version == last:
            break


if __name__ == "__main__":
    main()
