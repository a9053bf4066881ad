"""Writes the checkpoint folder, evidence included, whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from libs.artifact.checkpoint import CheckpointInfo, open_checkpoint, write_checkpoint_info
from libs.artifact.files import describe_files
from libs.artifact.manifest import TOKENIZER_FILE, Scalar
from libs.heads.torch_classifier import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    ComplaintClassifier,
    save_classifier,
)
from libs.labels.schema import LABEL_SCHEMA
from libs.text.tokenizer import NarrativeTokenizer
from services.trainer.calibrate import Calibration
from services.trainer.config import TrainerConfig
from services.trainer.evaluate import Evaluation
from services.trainer.files import new_folder
from services.trainer.report import Appendix, ReportFacts, write_report

SETTINGS_FILE = "trainer.yaml"


@dataclass(frozen=True)
class Trained:
    """A fitted classifier and what turned narratives into its inputs."""

    classifier: ComplaintClassifier
    tokenizer: NarrativeTokenizer
    encoder_name: str


@dataclass(frozen=True)
class Provenance:
    """Where a checkpoint comes from."""

    config: TrainerConfig
    training_data_fingerprint: str
    code_revision: str
    created_at: datetime
    figures: Mapping[str, Scalar]
    """Figures of the training run, beside those of the evaluation."""


@dataclass(frozen=True)
class Verdict:
    """How good the model is, and how its confidences are read."""

    calibration: Calibration
    evaluation: Evaluation
    report: ReportFacts
    appendix: Appendix


def publish(directory: Path, trained: Trained, verdict: Verdict, provenance: Provenance) -> str:
    """Write the checkpoint and return its digest; raises OutputError."""
    with new_folder(directory) as folder:
        save_classifier(trained.classifier, folder)
        (folder / TOKENIZER_FILE).write_text(trained.tokenizer.to_json(), encoding="utf-8")
        (folder / SETTINGS_FILE).write_text(
            yaml.safe_dump(provenance.config.to_dict(), sort_keys=False), encoding="utf-8"
        )
        evidence = write_report(verdict.evaluation, verdict.report, verdict.appendix, folder)
        names = [CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE, SETTINGS_FILE, *evidence]
        write_checkpoint_info(folder, _info(folder, names, trained, verdict, provenance))
    return open_checkpoint(directory).digest


def _info(
    folder: Path, names: list[str], trained: Trained, verdict: Verdict, provenance: Provenance
) -> CheckpointInfo:
    return CheckpointInfo(
        label_schema=LABEL_SCHEMA,
        head=trained.classifier.head.spec,
        encoder_name=trained.encoder_name,
        truncation=trained.tokenizer.truncation,
        temperature=verdict.calibration.temperature,
        review_threshold=verdict.calibration.review_threshold,
        training_data_fingerprint=provenance.training_data_fingerprint,
        hyperparameters=provenance.config.flat(),
        evaluation={
            **verdict.evaluation.summary(),
            **provenance.figures,
            **{f"{one.name}.macro_f1": one.macro_f1 for one in verdict.report.candidates},
        },
        code_revision=provenance.code_revision,
        created_at=provenance.created_at,
        files=describe_files(folder, names),
    )
