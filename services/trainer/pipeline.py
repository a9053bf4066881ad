"""The steps of a run: prepare, baseline, fit, evaluate; each skipped when it is done already."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from libs.heads.torch_ngrams import NgramBranch
from libs.labels.schema import LABEL_SCHEMA
from services.trainer import distributed
from services.trainer.artifact_teacher import archive_digest, ask_artifact
from services.trainer.calibrate import Calibration
from services.trainer.config import TrainerConfig
from services.trainer.dataset import (
    TokenizedSplit,
    class_counts,
    narrative_batches,
    tokenize_split,
)
from services.trainer.errors import DataError
from services.trainer.evaluate import Evaluation
from services.trainer.files import write_errors_named
from services.trainer.fit import (
    FitOutcome,
    FitTask,
    FittedWeights,
    FitWatcher,
    Weights,
    fit,
    validation_macro_f1,
)
from services.trainer.gather import OMITTED_FILE, ROW_COLUMNS
from services.trainer.history import History, Validation
from services.trainer.issues import number_issues
from services.trainer.judge import Judge, Judged
from services.trainer.losses import build_loss
from services.trainer.model import ModelSource
from services.trainer.ngrams import fit_ngrams, load_ngrams, save_ngrams
from services.trainer.prepare import DataFiles, PreparedData, open_prepared, prepare
from services.trainer.progress import Bar, Reporter
from services.trainer.publish import Provenance, publish
from services.trainer.rivals import fit_baseline
from services.trainer.split import TRAIN, VALIDATION
from services.trainer.teacher import load_taught, save_taught, teach
from services.trainer.tracking import LogFigures, Tracker, tracked_run
from services.trainer.weights import weigh_rows
from services.trainer.workspace import Workspace, inputs_digest

PREPARED, FIT, NGRAMS, TAUGHT = "prepared", "fit", "ngrams", "taught"
OUTCOME_FILE = "outcome.json"


@dataclass(frozen=True)
class RunContext:
    """What only `main` can give."""

    workspace: Workspace
    config: TrainerConfig
    reporter: Reporter
    now: Callable[[], datetime]
    code_revision: str
    is_stop_wanted: Callable[[], bool] = lambda: False
    tracker: Tracker | None = None
    fit_step: str = FIT
    """The folder of the fit: one a seed."""


@dataclass(frozen=True)
class Published:
    """A finished run."""

    directory: Path
    digest: str
    calibration: Calibration
    evaluation: Evaluation
    outcome: FitOutcome


@dataclass
class Pipeline:
    """One configuration over one work folder."""

    context: RunContext
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each step took."""

    def __post_init__(self) -> None:
        self._config = self.context.config
        self._source = ModelSource(self._config)

    def prepare(self, files: DataFiles) -> PreparedData:
        """Prepare the rows; raises ComplaintFileError, DataError, LeakError or OutputError."""
        inputs = inputs_digest(files.fingerprint(), self._config.data, ROW_COLUMNS)
        directory = self.context.workspace.folder(PREPARED)
        if self._is_done(PREPARED, inputs):
            return open_prepared(directory)
        with (
            self._step(PREPARED) as bar,
            self.context.workspace.replace(PREPARED, inputs) as folder,
        ):
            prepare(files, self._config.data, folder, lambda rows: bar.update(rows, note="rows"))
        prepared = open_prepared(directory)
        self._say_prepared(prepared)
        return prepared

    def open_prepared(self) -> PreparedData:
        """Return what an earlier `prepare` left in the work folder; raises DataError."""
        return open_prepared(self.context.workspace.folder(PREPARED))

    def baseline(self, prepared: PreparedData) -> None:
        """Fit the configured baselines on the training rows."""
        for kind in self._config.evaluation.baselines:
            inputs = inputs_digest(
                prepared.summary.digest,
                self._config.encoder if kind == "frozen_encoder" else None,
                self._config.fit.seed,
            )
            if self._is_done(kind, inputs):
                continue
            with self._step(kind), self.context.workspace.replace(kind, inputs) as folder:
                fit_baseline(kind, prepared, self._source, folder, self._config.fit.seed)

    def fit(self, prepared: PreparedData) -> FitOutcome:
        """Fine-tune, or go on fine-tuning; raises what `fit.fit` and `load_encoder` raise."""
        with distributed.one_at_a_time_first():
            directory = self._fit_folder(prepared)
            outcome = _read_outcome(directory)
            if outcome is None and self._config.loss.teacher_share:
                self._teach(prepared)
        if outcome is not None:
            self.context.reporter.say(f"{self.context.fit_step}: done already")
            return outcome
        with self._step(self.context.fit_step) as bar, self._tracked(directory) as log:
            outcome = fit(self._fit_task(prepared, directory), self._watcher(bar, log))
        with write_errors_named(directory):
            (directory / OUTCOME_FILE).write_bytes(msgspec.json.encode(outcome))
        return outcome

    def evaluate(self, prepared: PreparedData, to: Path) -> Published:
        """Calibrate, evaluate and write the checkpoint; raises DataError or OutputError."""
        return self.publish(prepared, self.judge(prepared), to)

    def judge(self, prepared: PreparedData) -> Judged:
        """Calibrate and evaluate; raises DataError."""
        return self.judge_weights(prepared, self.fitted(prepared))

    def fitted(self, prepared: PreparedData) -> FittedWeights:
        """Return what `fit` left in the work folder; raises DataError where it left nothing."""
        directory = self._fit_folder(prepared)
        outcome = _read_outcome(directory)
        if outcome is None:
            raise DataError(f"{self.context.workspace.root} holds no fitted model: run fit first")
        return FittedWeights(History(directory).best_weights(), outcome)

    def score_on_validation(self, prepared: PreparedData, weights: Weights) -> float:
        """Return the macro F1 of encoder and head, as every epoch of `fit` does."""
        classifier = self._source.new_classifier()
        classifier.load_state_dict(weights)
        split = self._tokenize(prepared, VALIDATION)
        return validation_macro_f1(classifier, split, self._source.tokenizer.pad_id)

    def judge_weights(self, prepared: PreparedData, fitted: FittedWeights) -> Judged:
        """Calibrate and evaluate what was fitted with this configuration; raises DataError."""
        ngrams = self._ngrams(prepared) if self._config.ngrams.enabled else None
        folders = {
            kind: self.context.workspace.folder(kind) for kind in self._config.evaluation.baselines
        }
        with self._step("evaluate"):
            judge = Judge(self._config, self._source, prepared, folders)
            judged = judge.judge(fitted, ngrams, self.context.now())
        self._say_verdict(judged.verdict.evaluation)
        return judged

    def publish(self, prepared: PreparedData, judged: Judged, to: Path) -> Published:
        """Write the checkpoint; raises OutputError."""
        verdict, outcome = judged.verdict, judged.outcome
        digest = publish(to, judged.trained, verdict, self._provenance(prepared, outcome))
        return Published(to, digest, verdict.calibration, verdict.evaluation, outcome)

    def _fit_folder(self, prepared: PreparedData) -> Path:
        inputs = inputs_digest(
            prepared.summary.digest,
            self._config.encoder,
            self._config.head,
            self._config.prior,
            self._config.loss,
            self._config.fit,
            self._taught_inputs(prepared) if self._config.loss.teacher_share else None,
        )
        return self.context.workspace.resume(self.context.fit_step, inputs)

    def _fit_task(self, prepared: PreparedData, directory: Path) -> FitTask:
        train = self._tokenize(prepared, TRAIN)
        if self._config.loss.teacher_share:
            train = replace(train, taught=load_taught(self.context.workspace.folder(TAUGHT)))
        if self._config.loss.issue_weight:
            issue_ids = number_issues(train, self._config.loss.issue_rows)
            train = replace(train, issue_ids=issue_ids)
        return FitTask(
            classifier=self._source.new_classifier(),
            train=train,
            validation=self._tokenize(prepared, VALIDATION),
            pad_id=self._source.tokenizer.pad_id,
            loss=build_loss(self._config.loss, class_counts(train.label_ids, len(LABEL_SCHEMA))),
            config=self._config.fit,
            directory=directory,
            teacher_share=self._config.loss.teacher_share,
            issue_weight=self._config.loss.issue_weight,
        )

    def _teach(self, prepared: PreparedData) -> None:
        """Ask the teachers about every training row, unless an earlier run has."""
        inputs = self._taught_inputs(prepared)
        if self._is_done(TAUGHT, inputs):
            return
        with (
            self._step(TAUGHT) as bar,
            self.context.workspace.replace(TAUGHT, inputs) as folder,
        ):
            train, pad_id = self._tokenize(prepared, TRAIN), self._source.tokenizer.pad_id
            taught = teach(train, len(LABEL_SCHEMA), self._config.ngrams, pad_id)
            if self._config.loss.teacher:
                word = ask_artifact(
                    Path(self._config.loss.teacher),
                    narrative_batches(prepared, TRAIN),
                    lambda done: bar.update(done, len(train)),
                )
                taught = ((taught + word) / 2).astype(np.float32)
            save_taught(taught, folder)

    def _ngrams(self, prepared: PreparedData) -> NgramBranch:
        """Fit the sparse branch, or read the one that an interrupted run has fitted."""
        inputs = self._ngram_inputs(prepared)
        if not self._is_done(NGRAMS, inputs):
            with self._step(NGRAMS), self.context.workspace.replace(NGRAMS, inputs) as folder:
                train = self._tokenize(prepared, TRAIN)
                save_ngrams(fit_ngrams(train, len(LABEL_SCHEMA), self._config.ngrams), folder)
        return load_ngrams(self.context.workspace.folder(NGRAMS))

    def _ngram_inputs(self, prepared: PreparedData) -> str:
        """Return the digest of all that n-grams learn from, in the branch and in its teacher."""
        return inputs_digest(
            prepared.summary.digest, self._config.encoder, self._config.prior, self._config.ngrams
        )

    def _taught_inputs(self, prepared: PreparedData) -> str:
        """Return the digest of all that the teachers' word depends on."""
        teacher = self._config.loss.teacher
        return inputs_digest(
            self._ngram_inputs(prepared), teacher and archive_digest(Path(teacher))
        )

    def _provenance(self, prepared: PreparedData, outcome: FitOutcome) -> Provenance:
        return Provenance(
            config=self._config,
            training_data_fingerprint=prepared.summary.training_data_fingerprint,
            code_revision=self.context.code_revision,
            created_at=self.context.now(),
            figures={
                "validation_macro_f1": outcome.best.macro_f1,
                "best_epoch": outcome.best.epoch,
                "training_examples_per_second": outcome.examples_per_second,
                "training_precision": outcome.precision,
            },
        )

    def _tokenize(self, prepared: PreparedData, split: int) -> TokenizedSplit:
        """Return the rows of one split with what each of them counts."""
        tokenized = tokenize_split(prepared, split, self._source.tokenizer)
        return replace(tokenized, weights=weigh_rows(tokenized, self._config.prior))

    @contextmanager
    def _step(self, name: str) -> Iterator[Bar]:
        started = time.monotonic()
        with self.context.reporter.bar(name) as bar:
            yield bar
        self.seconds[name] = round(time.monotonic() - started, 2)
        self.context.reporter.say(f"{name}: {self.seconds[name]:.1f} s")

    def _is_done(self, step: str, inputs: str) -> bool:
        is_done = self.context.workspace.is_done(step, inputs)
        if is_done:
            self.context.reporter.say(f"{step}: done already")
        return is_done

    def _tracked(self, directory: Path) -> AbstractContextManager[LogFigures]:
        tracker = self.context.tracker if distributed.is_main_process() else None
        return tracked_run(tracker, directory, self._config.flat(), self.context.reporter.say)

    def _watcher(self, bar: Bar, log: LogFigures) -> FitWatcher:
        def on_validation(validation: Validation) -> None:
            log({"validation_macro_f1": validation.macro_f1}, validation.step)
            self.context.reporter.say(
                f"  epoch {validation.epoch:g}: macro F1 {validation.macro_f1:.3f} on validation"
            )

        return FitWatcher(
            on_step=lambda step, steps, loss: bar.update(step, steps, f"loss {loss:.3f}"),
            on_log=log,
            on_validation=on_validation,
            is_stop_wanted=self.context.is_stop_wanted,
        )

    def _say_prepared(self, prepared: PreparedData) -> None:
        summary = prepared.summary
        counts = ", ".join(
            f"{sum(labels.values()):,} {name}" for name, labels in summary.splits.items()
        )
        self.context.reporter.say(
            f"  {counts}; {summary.rows_in_clusters:,} rows have near duplicates"
        )
        for reason, count in summary.omitted.items():
            self.context.reporter.say(f"  left out: {count:,} with {reason} ({OMITTED_FILE})")

    def _say_verdict(self, evaluation: Evaluation) -> None:
        macro_f1 = evaluation.macro_f1
        self.context.reporter.say(
            f"  macro F1 {macro_f1.value:.3f} ({macro_f1.low:.3f} to {macro_f1.high:.3f}), "
            f"calibration error {evaluation.calibration_error:.3f}, {evaluation.rows:,} rows"
        )
        for rival in evaluation.comparisons:
            self.context.reporter.say(
                f"  {rival.name} {rival.macro_f1:.3f}, our lead {rival.lead.low:+.3f} "
                f"to {rival.lead.high:+.3f}"
            )


def _read_outcome(directory: Path) -> FitOutcome | None:
    path = directory / OUTCOME_FILE
    return msgspec.json.decode(path.read_bytes(), type=FitOutcome) if path.is_file() else None
