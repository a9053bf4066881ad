import json
from pathlib import Path

import pytest

from libs.artifact.checkpoint import open_checkpoint
from services.trainer.config import TrainerConfig, build_config
from services.trainer.pipeline import Pipeline
from services.trainer.prepare import DataFiles, PreparedData
from services.trainer.seeds import evaluate_seeds, with_seeds
from services.trainer.testing.runs import tiny_pipeline


@pytest.fixture
def pipelines(tmp_path: Path, config: TrainerConfig) -> list[Pipeline]:
    """Three seeds over one work folder, without baselines."""
    alone = build_config(config.to_dict(), {"evaluation.baselines": [], "fit.seed": 20})
    return with_seeds(tiny_pipeline(tmp_path / "work", alone).context, 3)


@pytest.fixture
def prepared(pipelines: list[Pipeline], complaints: Path) -> PreparedData:
    return pipelines[0].prepare(DataFiles(complaints))


def test_the_best_seed_on_validation_is_published_and_all_are_told(
    pipelines: list[Pipeline], prepared: PreparedData, tmp_path: Path
) -> None:
    outcomes = [pipeline.fit(prepared) for pipeline in pipelines]

    evaluate_seeds(pipelines, prepared, tmp_path / "checkpoint")

    scores = [outcome.best.macro_f1 for outcome in outcomes]
    info = open_checkpoint(tmp_path / "checkpoint").info
    told = json.loads((tmp_path / "checkpoint" / "report.json").read_text())["facts"]["seeds"]
    assert len(set(scores)) > 1
    assert info.hyperparameters["fit.seed"] == 20 + scores.index(max(scores))
    assert [(one["seed"], one["validation_macro_f1"]) for one in told] == [
        (20 + number, score) for number, score in enumerate(scores)
    ]


def test_seeds_that_are_done_are_not_trained_again(
    pipelines: list[Pipeline], prepared: PreparedData
) -> None:
    for pipeline in pipelines[:2]:
        pipeline.fit(prepared)
    again = with_seeds(pipelines[0].context, 3)

    for pipeline in again:
        pipeline.fit(prepared)

    assert [list(pipeline.seconds) for pipeline in again] == [[], [], ["fit-seed-22"]]
