import pytest

from services.trainer.errors import ConfigError
from services.trainer.settings import Settings


def test_without_variables_nothing_is_tracked_and_the_revision_is_unknown() -> None:
    settings = Settings.from_env({})

    assert (settings.code_revision, settings.mlflow_tracking_uri) == ("unknown", "")


def test_mlflows_own_variables_say_where_runs_are_kept() -> None:
    environ = {"MLFLOW_TRACKING_URI": "http://mlflow", "MLFLOW_EXPERIMENT_NAME": "complaints"}

    settings = Settings.from_env(environ)

    assert settings.mlflow_tracking_uri == "http://mlflow"
    assert settings.mlflow_experiment_name == "complaints"


def test_an_empty_revision_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="TRAINER_CODE_REVISION is empty"):
        Settings.from_env({"TRAINER_CODE_REVISION": ""})
