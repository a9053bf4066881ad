from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from services.trainer.config import TrainerConfig
from services.trainer.errors import UnreachableError
from services.trainer.mlflow_tracker import MlflowTracker
from services.trainer.prepare import DataFiles
from services.trainer.testing.runs import tiny_pipeline
from services.trainer.tracking import RUN_FILE


@pytest.fixture(autouse=True)
def _folders_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow keeps runs in a folder only when told that this is wanted."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")


def test_a_fit_is_a_run_with_configuration_losses_and_validations(
    tmp_path: Path, complaints: Path, config: TrainerConfig
) -> None:
    uri = (tmp_path / "runs").as_uri()
    pipeline = tiny_pipeline(
        tmp_path / "work", config, tracker=MlflowTracker(uri, "complaints-trainer")
    )

    outcome = pipeline.fit(pipeline.prepare(DataFiles(complaints)))

    client = MlflowClient(tracking_uri=uri)
    run = client.get_run((tmp_path / "work" / "fit" / RUN_FILE).read_text())
    validations = client.get_metric_history(run.info.run_id, "validation_macro_f1")
    assert run.info.status == "FINISHED"
    assert run.data.params["fit.epochs"] == "3.0"
    assert run.data.metrics["loss"] > 0
    assert max(one.value for one in validations) == outcome.best.macro_f1
    assert [one.step for one in validations][-1] == outcome.steps


def test_an_address_that_nothing_can_be_kept_at_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()

    with pytest.raises(UnreachableError, match=r"MLflow at .*runs does not answer: "):
        MlflowTracker((tmp_path / "runs").as_uri(), "trainer").start("", {})
