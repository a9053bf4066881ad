"""One configuration trained with several seeds: the best on validation is published.

Averaging the weights of several runs costs nothing to serve, and orders confidences better than one
of them does: Wortsman et al. 2022, "Model soups". So the average is one more candidate.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import torch

from services.trainer.fit import FittedWeights, Weights
from services.trainer.pipeline import FIT, Pipeline, Published, RunContext
from services.trainer.prepare import PreparedData
from services.trainer.report import CandidateScore

AVERAGE = "average"


def with_seeds(context: RunContext, count: int) -> list[Pipeline]:
    """Return a pipeline for fit.seed and each of the numbers that follow it.

    They share prepared rows and baselines. The first uses the folder that a run with one seed uses.
    """
    config, first = context.config, context.config.fit.seed
    pipelines = []
    for seed in range(first, first + count):
        fit = msgspec.structs.replace(config.fit, seed=seed)
        step = FIT if seed == first else f"{FIT}-seed-{seed}"
        seeded = msgspec.structs.replace(config, fit=fit)
        pipelines.append(Pipeline(replace(context, config=seeded, fit_step=step)))
    return pipelines


def evaluate_seeds(pipelines: Sequence[Pipeline], prepared: PreparedData, to: Path) -> Published:
    """Judge what each pipeline fitted, and their average; publish the best on validation.

    The average is published with the first pipeline's configuration. Raises DataError or
    OutputError.
    """
    if len(pipelines) == 1:
        return pipelines[0].evaluate(prepared, to)
    fitted = [pipeline.fitted(prepared) for pipeline in pipelines]
    names = [f"seed_{pipeline.context.config.fit.seed}" for pipeline in pipelines]
    owners = [*pipelines, pipelines[0]]
    candidates = [*fitted, _average(fitted, pipelines[0], prepared)]
    judged = [
        owner.judge_weights(prepared, one) for owner, one in zip(owners, candidates, strict=True)
    ]
    best = max(range(len(judged)), key=lambda place: judged[place].outcome.best.macro_f1)
    scores = [
        CandidateScore(name, one.outcome.best.macro_f1, one.verdict.evaluation.macro_f1.value)
        for name, one in zip([*names, AVERAGE], judged, strict=True)
    ]
    verdict = judged[best].verdict
    report = msgspec.structs.replace(verdict.report, candidates=scores)
    chosen = replace(judged[best], verdict=replace(verdict, report=report))
    return owners[best].publish(prepared, chosen, to)


def _average(
    fitted: Sequence[FittedWeights], pipeline: Pipeline, prepared: PreparedData
) -> FittedWeights:
    """Return the mean of the weights, with the outcome of the first but its score."""
    weights: Weights = {
        name: torch.stack([one.weights[name] for one in fitted]).mean(dim=0)
        for name in fitted[0].weights
    }
    first = fitted[0].outcome
    score = pipeline.score_on_validation(prepared, weights)
    best = msgspec.structs.replace(first.best, macro_f1=score)
    return FittedWeights(weights, replace(first, best=best))
