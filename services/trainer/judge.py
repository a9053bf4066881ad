"""Judges what a run has fitted: joins its parts, calibrates them, evaluates them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from libs.heads.postprocess import DecisionRule
from libs.heads.torch_ngrams import NgramBranch
from libs.labels.schema import LABEL_SCHEMA
from services.trainer.calibrate import (
    Calibration,
    Floats,
    LabelledRows,
    calibrate,
    choose_ngram_weight,
)
from services.trainer.config import BaselineKind, TrainerConfig
from services.trainer.dataset import TokenizedSplit, tokenize_split
from services.trainer.evaluate import EvaluationTask, evaluate
from services.trainer.fit import FitOutcome, FittedWeights, Weights
from services.trainer.label_errors import quote_rows
from services.trainer.latency import measure_latency
from services.trainer.model import ModelSource
from services.trainer.predict import ngram_scores, predict_logits
from services.trainer.prepare import PreparedData, iterate_split
from services.trainer.publish import Trained, Verdict
from services.trainer.report import Appendix, build_facts
from services.trainer.rivals import predict_baselines
from services.trainer.split import TEST, VALIDATION
from services.trainer.weights import weigh_rows


@dataclass(frozen=True)
class Judged:
    """A fitted model and how good it is, before anything is written."""

    trained: Trained
    verdict: Verdict
    outcome: FitOutcome


@dataclass(frozen=True)
class Judge:
    """One run's rows and rivals."""

    config: TrainerConfig
    source: ModelSource
    prepared: PreparedData
    baselines: Mapping[BaselineKind, Path]
    """The folder of each."""

    def judge(self, fitted: FittedWeights, ngrams: NgramBranch | None, now: datetime) -> Judged:
        """Calibrate on the validation rows, evaluate on the test rows; raises DataError."""
        validation = self._tokenize(VALIDATION)
        weights = weigh_rows(validation, self.config.prior)
        rows = LabelledRows(validation.label_ids, weights)
        trained, logits = self._trained(fitted.weights, ngrams, validation, rows)
        calibration = calibrate(logits, rows, self.config.calibration)
        verdict = self._verdict(trained, calibration, fitted.outcome, now)
        return Judged(trained, verdict, fitted.outcome)

    def _trained(
        self,
        weights: Weights,
        ngrams: NgramBranch | None,
        validation: TokenizedSplit,
        rows: LabelledRows,
    ) -> tuple[Trained, Floats]:
        """Return the best weights with the sparse branch, and their logits on `validation`."""
        classifier, tokenizer = self.source.new_classifier(), self.source.tokenizer
        classifier.load_state_dict(weights)
        logits = predict_logits(classifier.eval(), validation, tokenizer.pad_id)
        if ngrams is not None:
            scores = ngram_scores(ngrams, validation, tokenizer.pad_id)
            weight = choose_ngram_weight(logits, scores, rows)
            classifier.add_ngrams(ngrams.scaled(weight))
            logits += weight * scores
        return Trained(classifier, tokenizer, self.source.encoder.name), logits

    def _verdict(
        self, trained: Trained, calibration: Calibration, outcome: FitOutcome, now: datetime
    ) -> Verdict:
        split_id = TEST if self.prepared.summary.has_test_rows else VALIDATION
        split = self._tokenize(split_id)
        logits = predict_logits(trained.classifier, split, trained.tokenizer.pad_id)
        evaluation = evaluate(
            EvaluationTask(
                logits=logits,
                split=split,
                rule=DecisionRule(
                    LABEL_SCHEMA, calibration.temperature, calibration.review_threshold
                ),
                rivals={
                    **predict_baselines(self.baselines, self.prepared, split_id, self.source),
                    **_without_ngrams(trained, split, logits),
                },
                bootstrap_samples=self.config.evaluation.bootstrap_samples,
                seed=self.config.data.seed,
                label_errors=self.config.evaluation.label_errors,
            )
        )
        appendix = Appendix(
            latency=measure_latency(
                lambda piece: predict_logits(trained.classifier, piece, trained.tokenizer.pad_id),
                split,
            ),
            quotes=quote_rows(
                iterate_split(self.prepared, split_id),
                evaluation.label_errors.likeliest,
                self.config.evaluation.excerpt_characters,
            ),
        )
        facts = build_facts(self.prepared.summary, self.config, calibration, outcome, now)
        return Verdict(calibration, evaluation, facts, appendix)

    def _tokenize(self, split: int) -> TokenizedSplit:
        return tokenize_split(self.prepared, split, self.source.tokenizer)


def _without_ngrams(
    trained: Trained, split: TokenizedSplit, logits: Floats
) -> dict[str, npt.NDArray[np.int64]]:
    """Return what the encoder and its head say alone, as one more to compare with."""
    branch = trained.classifier.ngrams
    if branch is None:
        return {}
    scores = ngram_scores(branch, split, trained.tokenizer.pad_id)
    return {"encoder_alone": (logits - scores).argmax(axis=1)}
