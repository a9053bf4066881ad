"""One configuration trained with several seeds: the best on validation is published."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from services.trainer.judge import Judged
from services.trainer.pipeline import FIT, Pipeline, Published, RunContext
from services.trainer.prepare import PreparedData
from services.trainer.report import SeedScore


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
    """Judge what each pipeline fitted and publish the best on validation.

    Raises DataError or OutputError.
    """
    judged = [pipeline.judge(prepared) for pipeline in pipelines]
    best = max(range(len(judged)), key=lambda index: judged[index].outcome.best.macro_f1)
    chosen = judged[best] if len(judged) == 1 else _with_spread(judged, best, pipelines)
    return pipelines[best].publish(prepared, chosen, to)


def _with_spread(judged: Sequence[Judged], best: int, pipelines: Sequence[Pipeline]) -> Judged:
    """Let the report of the best one tell of all of them."""
    scores = [
        SeedScore(
            pipeline.context.config.fit.seed,
            one.outcome.best.macro_f1,
            one.verdict.evaluation.macro_f1.value,
        )
        for pipeline, one in zip(pipelines, judged, strict=True)
    ]
    verdict = judged[best].verdict
    report = msgspec.structs.replace(verdict.report, seeds=scores)
    return replace(judged[best], verdict=replace(verdict, report=report))
