import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file, save_file

from libs.artifact.checkpoint import open_checkpoint
from libs.heads.torch_classifier import load_classifier
from libs.labels.schema import LABEL_SCHEMA
from services.trainer.config import TrainerConfig, build_config
from services.trainer.encoder import load_encoder
from services.trainer.errors import DataError, InterruptedTrainingError, TrainingError
from services.trainer.history import History
from services.trainer.prepare import DataFiles
from services.trainer.publish import SETTINGS_FILE
from services.trainer.testing import killed_run
from services.trainer.testing.complaints import invented_rows, write_rows
from services.trainer.testing.runs import AfterSteps, tiny_pipeline
from services.trainer.testing.tiny_encoder import write_tiny_encoder


@pytest.fixture
def work(tmp_path: Path, complaints: Path, config: TrainerConfig) -> Path:
    """A work folder with prepared rows."""
    tiny_pipeline(tmp_path / "work", config).prepare(DataFiles(complaints))
    return tmp_path / "work"


def fitted_weights(work: Path, config: TrainerConfig) -> dict[str, torch.Tensor]:
    pipeline = tiny_pipeline(work, config)
    pipeline.fit(pipeline.open_prepared())
    return History(work / "fit").best_weights()


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_learns_and_writes_a_checkpoint_that_others_can_open(
    work: Path, config: TrainerConfig, tmp_path: Path
) -> None:
    pipeline = tiny_pipeline(work, build_config(config.to_dict(), {"fit.epochs": 12}))
    prepared = pipeline.open_prepared()
    pipeline.baseline(prepared)
    pipeline.fit(prepared)

    published = pipeline.evaluate(prepared, tmp_path / "checkpoint")

    checkpoint = open_checkpoint(tmp_path / "checkpoint")
    assert published.evaluation.macro_f1.value > 0.6
    assert checkpoint.digest == published.digest
    assert checkpoint.info.hyperparameters["fit.epochs"] == 12
    assert {SETTINGS_FILE, "report.html", "report.json"} < checkpoint.info.files.keys()
    assert not load_classifier(checkpoint.directory, checkpoint.info.head).training


def test_a_taught_run_learns_other_weights_and_asks_its_teacher_once(
    work: Path, config: TrainerConfig
) -> None:
    plain = fitted_weights(work, config)
    taught_config = build_config(config.to_dict(), {"loss.teacher_share": 0.5})

    first = fitted_weights(work, taught_config)
    asked_at = (work / "taught" / "taught.npy").stat().st_mtime_ns
    shutil.rmtree(work / "fit")
    again = fitted_weights(work, taught_config)

    assert not equal(first, plain)
    assert equal(first, again)
    assert (work / "taught" / "taught.npy").stat().st_mtime_ns == asked_at


def test_a_run_that_learns_issues_too_keeps_other_weights_but_not_what_tells_issues(
    config: TrainerConfig, tmp_path: Path
) -> None:
    rows = [{**row, "issue": row["narrative"].split()[0]} for row in invented_rows(200)]
    complaints = write_rows(tmp_path / "issues.csv", rows)
    tiny_pipeline(tmp_path / "work", config).prepare(DataFiles(complaints))
    plain = fitted_weights(tmp_path / "work", config)
    told = build_config(config.to_dict(), {"loss.issue_weight": 0.5, "loss.issue_rows": 5})
    interrupted = tiny_pipeline(tmp_path / "work", told, AfterSteps(4))

    with pytest.raises(InterruptedTrainingError):
        interrupted.fit(interrupted.open_prepared())
    resumed = fitted_weights(tmp_path / "work", told)
    shutil.rmtree(tmp_path / "work" / "fit")

    assert equal(resumed, fitted_weights(tmp_path / "work", told))
    assert resumed.keys() == plain.keys()
    assert not equal(resumed, plain)


def test_frozen_layers_stay_as_they_were_while_those_above_learn(
    work: Path, config: TrainerConfig
) -> None:
    frozen = build_config(config.to_dict(), {"encoder.frozen_layers": 1, "head.kind": "cls_mlp"})
    before = load_encoder(frozen.encoder).model.state_dict()

    after = fitted_weights(work, frozen)

    changed = {
        name for name, weight in before.items() if not torch.equal(after[f"encoder.{name}"], weight)
    }
    assert not {
        name for name in changed if name.startswith(("embeddings.", "transformer.layer.0."))
    }
    assert "transformer.layer.1.ffn.lin1.weight" in changed


def test_a_teacher_that_is_no_file_is_an_error_that_names_it(
    work: Path, config: TrainerConfig
) -> None:
    missing = {"loss.teacher_share": 0.5, "loss.teacher": "nowhere/model.tar.gz"}

    with pytest.raises(DataError, match=r"nowhere/model\.tar\.gz is no file"):
        fitted_weights(work, build_config(config.to_dict(), missing))


def test_a_uniform_prior_lifts_the_label_that_training_saw_least(
    config: TrainerConfig, tmp_path: Path
) -> None:
    plenty = invented_rows(300)
    rare = [row for row in plenty if row["label"] == "retail_banking"][::4]
    others = [row for row in plenty if row["label"] != "retail_banking"]
    complaints = write_rows(tmp_path / "skewed.csv", [*others, *rare])
    biases = []
    for prior in ("training", "uniform"):
        changed = build_config(
            config.to_dict(), {"prior.labels": prior, "loss.kind": "cross_entropy"}
        )
        tiny_pipeline(tmp_path / "work", changed).prepare(DataFiles(complaints))
        biases.append(fitted_weights(tmp_path / "work", changed)["head.output.bias"])

    assert (biases[1] - biases[0]).argmax() == LABEL_SCHEMA.label_id("retail_banking")


def test_the_sparse_branch_is_part_of_the_checkpoint_and_is_judged_apart(
    work: Path, config: TrainerConfig, tmp_path: Path
) -> None:
    pipeline = tiny_pipeline(work, config)
    prepared = pipeline.open_prepared()
    pipeline.baseline(prepared)
    pipeline.fit(prepared)

    published = pipeline.evaluate(prepared, tmp_path / "checkpoint")

    checkpoint = open_checkpoint(tmp_path / "checkpoint")
    classifier = load_classifier(checkpoint.directory, checkpoint.info.head)
    assert classifier.ngrams is not None
    assert len(classifier.ngrams.keys) == checkpoint.info.head.ngrams > 0
    assert "encoder_alone" in {rival.name for rival in published.evaluation.comparisons}


def test_without_the_sparse_branch_the_encoder_decides_alone(
    work: Path, config: TrainerConfig, tmp_path: Path
) -> None:
    pipeline = tiny_pipeline(work, build_config(config.to_dict(), {"ngrams.enabled": False}))
    prepared = pipeline.open_prepared()
    pipeline.baseline(prepared)
    pipeline.fit(prepared)

    pipeline.evaluate(prepared, tmp_path / "checkpoint")

    assert open_checkpoint(tmp_path / "checkpoint").info.head.ngrams == 0


def test_training_that_was_killed_goes_on_to_the_same_weights(
    work: Path, config: TrainerConfig, tmp_path: Path
) -> None:
    untouched = shutil.copytree(work, tmp_path / "untouched")
    command = [sys.executable, "-m", killed_run.__name__, str(work)]
    killed = subprocess.run(
        [*command, msgspec.json.encode(config).decode(), "13"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL

    resumed = fitted_weights(work, config)

    assert equal(resumed, fitted_weights(untouched, config))


@pytest.mark.parametrize("steps", [1, 9, 17])
def test_training_that_was_asked_to_stop_saves_first_and_goes_on_to_the_same_weights(
    work: Path, config: TrainerConfig, tmp_path: Path, steps: int
) -> None:
    untouched = shutil.copytree(work, tmp_path / "untouched")
    stopped = tiny_pipeline(work, config, AfterSteps(steps))
    with pytest.raises(InterruptedTrainingError, match=f"saved step {steps}:"):
        stopped.fit(stopped.open_prepared())

    resumed = fitted_weights(work, config)

    assert equal(resumed, fitted_weights(untouched, config))


def test_a_state_that_was_cut_off_is_not_resumed_from(work: Path, config: TrainerConfig) -> None:
    stopped = tiny_pipeline(work, config, AfterSteps(7))
    with pytest.raises(InterruptedTrainingError):
        stopped.fit(stopped.open_prepared())
    (work / "fit" / "checkpoint-7" / "complete").unlink()
    (work / "fit" / "checkpoint-7" / "model.safetensors").write_bytes(b"cut")

    outcome = tiny_pipeline(work, config).fit(stopped.open_prepared())

    assert outcome.resumed_from == 6


def test_a_finished_step_is_not_done_again(work: Path, config: TrainerConfig) -> None:
    first = tiny_pipeline(work, config)
    first.fit(first.open_prepared())
    second = tiny_pipeline(work, config)

    second.fit(second.open_prepared())

    assert "fit" in first.seconds
    assert "fit" not in second.seconds


def test_another_configuration_does_not_go_on_from_this_ones_states(
    work: Path, config: TrainerConfig
) -> None:
    stopped = tiny_pipeline(work, config, AfterSteps(7))
    with pytest.raises(InterruptedTrainingError):
        stopped.fit(stopped.open_prepared())
    other = tiny_pipeline(work, build_config(config.to_dict(), {"fit.seed": 99}))

    outcome = other.fit(other.open_prepared())

    assert outcome.resumed_from == 0


def test_training_stops_early_when_validation_no_longer_improves(
    work: Path, config: TrainerConfig
) -> None:
    hopeless = {"fit.epochs": 50, "fit.patience": 2, "fit.learning_rate": 1e-9}
    frozen = build_config(config.to_dict(), {**hopeless, "fit.head_learning_rate": 1e-9})
    pipeline = tiny_pipeline(work, frozen)

    outcome = pipeline.fit(pipeline.open_prepared())

    assert (outcome.best.epoch, outcome.steps) == (1, 3 * outcome.best.step)


def test_a_loss_that_is_no_number_stops_training(
    work: Path, config: TrainerConfig, tmp_path: Path
) -> None:
    poisoned = write_tiny_encoder(tmp_path / "poisoned")
    weights = load_file(poisoned / "model.safetensors")
    weights["embeddings.LayerNorm.weight"].fill_(torch.nan)
    save_file(weights, poisoned / "model.safetensors", {"format": "pt"})
    pipeline = tiny_pipeline(work, build_config(config.to_dict(), {"encoder.name": str(poisoned)}))

    with pytest.raises(TrainingError, match="the loss is nan at step 1: lower fit.learning_rate"):
        pipeline.fit(pipeline.open_prepared())


def test_evaluation_before_fitting_is_refused(
    work: Path, config: TrainerConfig, tmp_path: Path
) -> None:
    pipeline = tiny_pipeline(work, config)

    with pytest.raises(DataError, match="holds no fitted model: run fit first"):
        pipeline.evaluate(pipeline.open_prepared(), tmp_path / "checkpoint")
    assert not (tmp_path / "checkpoint").exists()
