"""Judges finished checkpoints on a complaint file, side by side, whoever trained them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from libs.artifact.checkpoint import Checkpoint, open_checkpoint
from libs.artifact.manifest import TOKENIZER_FILE
from libs.events.labelled import ComplaintRow, read_complaints
from libs.heads.postprocess import DecisionRule
from libs.heads.torch_classifier import ComplaintClassifier, load_classifier
from libs.labels.schema import LABEL_SCHEMA
from libs.text.tokenizer import NarrativeTokenizer
from services.trainer.config import EvaluationConfig
from services.trainer.dataset import TokenizedSplit, tokenize_batches
from services.trainer.errors import DataError
from services.trainer.evaluate import Evaluation, EvaluationTask, Floats, evaluate
from services.trainer.files import new_folder
from services.trainer.gather import prepared_batch
from services.trainer.label_errors import quote_rows
from services.trainer.latency import measure_latency
from services.trainer.predict import predict_logits
from services.trainer.report import Appendix, ReportFacts, write_report

SETTINGS = EvaluationConfig()
SEED = 7


@dataclass(frozen=True)
class Assessment:
    """Which checkpoint is judged, on what, and against whom."""

    checkpoint: Path
    against: Sequence[Path]
    data: Path


def assess(task: Assessment, to: Path, now: datetime) -> Evaluation:
    """Judge a checkpoint and write its report into the new folder `to`.

    Raises ComplaintFileError, DataError, ArtifactError, HeadsError, LabelSchemaMismatchError or
    OutputError.
    """
    judged, *rivals = (_open(path) for path in (task.checkpoint, *task.against))
    rows = read_complaints(task.data).complaints
    if not rows:
        raise DataError(f"{task.data} has no usable row")
    split = judged.tokenize(rows)
    evaluation = evaluate(
        EvaluationTask(
            logits=judged.logits(split),
            split=split,
            rule=DecisionRule(
                LABEL_SCHEMA,
                judged.checkpoint.info.temperature,
                judged.checkpoint.info.review_threshold,
            ),
            rivals={
                str(rival.checkpoint.directory): rival.logits(rival.tokenize(rows)).argmax(axis=1)
                for rival in rivals
            },
            bootstrap_samples=SETTINGS.bootstrap_samples,
            seed=SEED,
            label_errors=SETTINGS.label_errors,
        )
    )
    appendix = Appendix(
        latency=measure_latency(judged.logits, split),
        quotes=quote_rows(
            [prepared_batch(rows)],
            evaluation.label_errors.likeliest,
            SETTINGS.excerpt_characters,
        ),
    )
    with new_folder(to) as folder:
        write_report(evaluation, _facts(judged.checkpoint, task, now), appendix, folder)
    return evaluation


@dataclass(frozen=True)
class _Model:
    """A checkpoint, loaded."""

    checkpoint: Checkpoint
    classifier: ComplaintClassifier
    tokenizer: NarrativeTokenizer

    def tokenize(self, rows: Sequence[ComplaintRow]) -> TokenizedSplit:
        return tokenize_batches([prepared_batch(rows)], self.tokenizer)

    def logits(self, split: TokenizedSplit) -> Floats:
        return predict_logits(self.classifier, split, self.tokenizer.pad_id)


def _open(directory: Path) -> _Model:
    checkpoint = open_checkpoint(directory)
    info = checkpoint.info
    LABEL_SCHEMA.require_digest(info.label_schema.digest)
    tokenizer = NarrativeTokenizer.from_file(directory / TOKENIZER_FILE, info.truncation)
    return _Model(checkpoint, load_classifier(directory, info.head), tokenizer)


def _facts(judged: Checkpoint, task: Assessment, now: datetime) -> ReportFacts:
    info = judged.info
    return ReportFacts(
        title=f"Complaint classifier: {task.data.name}",
        created_at=now.strftime("%Y-%m-%d %H:%M %Z"),
        model={
            "checkpoint": judged.digest[:16],
            "encoder": info.encoder_name,
            "head": info.head.kind,
            "max length": f"{info.truncation.max_length} tokens, {info.truncation.strategy}",
            "temperature": f"{info.temperature:.3f}",
            "review threshold": f"{info.review_threshold:.3f}",
            "trained": info.created_at.strftime("%Y-%m-%d %H:%M %Z"),
        },
        data=None,
        warnings=[],
    )
