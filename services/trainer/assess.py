"""Judges finished checkpoints on a complaint file, side by side, whoever trained them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from libs.artifact.checkpoint import Checkpoint, open_checkpoint
from libs.artifact.manifest import TOKENIZER_FILE
from libs.events.labelled import ComplaintRow, read_complaints
from libs.heads.postprocess import DecisionRule
from libs.heads.torch_classifier import load_classifier
from libs.labels.schema import LABEL_SCHEMA
from libs.text.tokenizer import NarrativeTokenizer
from services.trainer.dataset import TokenizedSplit, tokenize_batches
from services.trainer.errors import DataError
from services.trainer.evaluate import Evaluation, EvaluationTask, Floats, evaluate
from services.trainer.files import new_folder
from services.trainer.gather import prepared_batch
from services.trainer.predict import predict_logits
from services.trainer.report import ReportFacts, write_report

BOOTSTRAP_SAMPLES = 1000
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
    split, logits = _logits(judged, rows)
    evaluation = evaluate(
        EvaluationTask(
            logits=logits,
            split=split,
            rule=DecisionRule(LABEL_SCHEMA, judged.info.temperature, judged.info.review_threshold),
            rivals={
                str(rival.directory): _logits(rival, rows)[1].argmax(axis=1) for rival in rivals
            },
            bootstrap_samples=BOOTSTRAP_SAMPLES,
            seed=SEED,
        )
    )
    with new_folder(to) as folder:
        write_report(evaluation, _facts(judged, task, now), folder)
    return evaluation


def _open(directory: Path) -> Checkpoint:
    checkpoint = open_checkpoint(directory)
    LABEL_SCHEMA.require_digest(checkpoint.info.label_schema.digest)
    return checkpoint


def _logits(checkpoint: Checkpoint, rows: Sequence[ComplaintRow]) -> tuple[TokenizedSplit, Floats]:
    tokenizer = NarrativeTokenizer.from_file(
        checkpoint.directory / TOKENIZER_FILE, checkpoint.info.truncation
    )
    split = tokenize_batches([prepared_batch(rows)], tokenizer)
    classifier = load_classifier(checkpoint.directory, checkpoint.info.head)
    return split, predict_logits(classifier, split, tokenizer.pad_id)


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
