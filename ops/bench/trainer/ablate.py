"""One change at a time on a fixed budget, judged on clustered validation rows alone."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from services.trainer.config import TrainerConfig, build_config
from services.trainer.pipeline import Pipeline, RunContext
from services.trainer.prepare import DataFiles

BASE = "base"
SEEDS = (7, 8, 9)


@dataclass(frozen=True)
class Budget:
    rows: int
    epochs: float
    max_length: int


class AblationRow(msgspec.Struct, frozen=True):
    """What one variant reached."""

    variant: str
    macro_f1: float
    difference: float
    """To the base."""
    best_epoch: float
    examples_per_second: float


def variants(budget: Budget) -> dict[str, dict[str, object]]:
    """Return the changed fields of every variant by its name; the base changes none."""
    losses = ("cross_entropy", "class_balanced", "focal", "logit_adjusted")
    return {
        BASE: {},
        **{f"loss {kind}": {"loss.kind": kind} for kind in losses},
        "no label smoothing": {"loss.label_smoothing": 0.0},
        **{f"head {kind}": {"head.kind": kind} for kind in ("cls_mlp", "mean")},
        **{f"layers {count}": {"encoder.layers": count} for count in (2, 4)},
        "truncation head_tail": {"encoder.truncation": "head_tail"},
        **{f"reads {reads}": {"encoder.reads": reads} for reads in ("everything", "content_words")},
        **{
            f"max length {length}": {"encoder.max_length": length}
            for length in (128, 256, 384)
            if length != budget.max_length
        },
        **{f"seed {seed}": {"fit.seed": seed} for seed in SEEDS[1:]},
        # Last, since it stops where the rows have no issues.
        "issues told as well": {"loss.issue_weight": 0.5},
    }


def base_config(budget: Budget, document: Mapping[str, object]) -> TrainerConfig:
    """Return the configuration that variants change: no test rows, a fifth validates."""
    return build_config(
        dict(document),
        {
            "data.split": "clustered",
            "data.test_fraction": 0.0,
            "data.validation_fraction": 0.2,
            "data.limit": budget.rows,
            "encoder.max_length": budget.max_length,
            "fit.epochs": budget.epochs,
            "fit.patience": 0,
            "fit.seed": SEEDS[0],
        },
    )


def ablate(
    context: RunContext,
    data: Path,
    chosen: Mapping[str, Mapping[str, object]],
    say: Callable[[AblationRow], None] = lambda row: None,
) -> list[AblationRow]:
    """Fit every variant over one set of prepared rows; one that is done is not fitted again."""
    prepared = Pipeline(context).prepare(DataFiles(data))
    rows: list[AblationRow] = []
    for name, changes in chosen.items():
        config = build_config(context.config.to_dict(), changes)
        step = "fit-" + name.replace(" ", "-")
        outcome = Pipeline(replace(context, config=config, fit_step=step)).fit(prepared)
        base = rows[0].macro_f1 if rows else outcome.best.macro_f1
        rows.append(
            AblationRow(
                name,
                outcome.best.macro_f1,
                outcome.best.macro_f1 - base,
                outcome.best.epoch,
                outcome.examples_per_second,
            )
        )
        say(rows[-1])
    return rows


def seed_spread(rows: Sequence[AblationRow]) -> float:
    """Return the standard deviation over seeds: what a difference has to exceed to mean much."""
    scores = [row.macro_f1 for row in rows if row.variant == BASE or row.variant.startswith("seed")]
    return statistics.stdev(scores) if len(scores) > 1 else 0.0
