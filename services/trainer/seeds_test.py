import json
from pathlib import Path

import pytest
import torch

from libs.artifact.checkpoint import open_checkpoint
from libs.heads.torch_classifier import load_classifier
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


def test_the_best_on_validation_is_published_and_all_candidates_are_told(
    pipelines: list[Pipeline], prepared: PreparedData, tmp_path: Path
) -> None:
    outcomes = [pipeline.fit(prepared) for pipeline in pipelines]

    published = evaluate_seeds(pipelines, prepared, tmp_path / "checkpoint")

    told = json.loads((tmp_path / "checkpoint" / "report.json").read_text())["facts"]["candidates"]
    assert [one["name"] for one in told] == ["seed_20", "seed_21", "seed_22", "average"]
    scores = [one["validation_macro_f1"] for one in told]
    assert scores[:3] == [outcome.best.macro_f1 for outcome in outcomes]
    assert len(set(scores)) > 1
    assert published.outcome.best.macro_f1 == max(scores)
    info = open_checkpoint(tmp_path / "checkpoint").info
    assert info.hyperparameters["fit.seed"] == [20, 21, 22, 20][scores.index(max(scores))]


def test_the_average_is_published_where_it_is_the_best(
    pipelines: list[Pipeline],
    prepared: PreparedData,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for pipeline in pipelines[:2]:
        pipeline.fit(prepared)
    monkeypatch.setattr(Pipeline, "score_on_validation", lambda *arguments: 1.5)

    evaluate_seeds(pipelines[:2], prepared, tmp_path / "checkpoint")

    info = open_checkpoint(tmp_path / "checkpoint").info
    published = load_classifier(tmp_path / "checkpoint", info.head).state_dict()
    one, other = (pipeline.fitted(prepared).weights for pipeline in pipelines[:2])
    name = "head.bottleneck.weight"
    assert torch.allclose(published[name], (one[name] + other[name]) / 2)
    assert not torch.equal(one[name], other[name])


def test_seeds_that_are_done_are_not_trained_again(
    pipelines: list[Pipeline], prepared: PreparedData
) -> None:
    for pipeline in pipelines[:2]:
        pipeline.fit(prepared)
    again = with_seeds(pipelines[0].context, 3)

    for pipeline in again:
        pipeline.fit(prepared)

    assert [list(pipeline.seconds) for pipeline in again] == [[], [], ["fit-seed-22"]]
