from pathlib import Path

import pytest

from services.retraining_agent.errors import BadInputError
from services.retraining_agent.settings import Settings

LOCAL = {"BUCKET": "b", "TRAINER_COMMAND": "train", "EXPORTER_COMMAND": "export"}
AWS = {
    "BUCKET": "b",
    "SAGEMAKER_PIPELINE": "retraining",
    "ENDPOINT_NAME": "complaints",
    "ENDPOINT_ALARMS": "errors,latency",
    "ROLE_ARN": "arn",
    "TRAINER_IMAGE": "t",
    "EXPORTER_IMAGE": "e",
    "SERVING_IMAGE": "s",
    "MODEL_PACKAGE_GROUP": "g",
}


def test_a_bucket_is_enough() -> None:
    settings = Settings.from_env({"BUCKET": "b"})

    assert settings.work == Path("retraining")
    assert not settings.can_train


def test_commands_make_training_possible_here() -> None:
    assert Settings.from_env(LOCAL).can_train


def test_aws_is_described_by_names_and_images() -> None:
    settings = Settings.from_env(AWS)

    assert settings.can_train
    assert settings.endpoint is not None
    assert settings.endpoint.alarms == ("errors", "latency")


def test_an_endpoint_needs_its_name_alone() -> None:
    settings = Settings.from_env({"BUCKET": "b", "ENDPOINT_NAME": "complaints"})

    assert settings.endpoint is not None
    assert settings.pipeline is None


@pytest.mark.parametrize(
    "missing", ["BUCKET", "ROLE_ARN", "TRAINER_IMAGE", "SERVING_IMAGE", "MODEL_PACKAGE_GROUP"]
)
def test_a_missing_variable_is_named(missing: str) -> None:
    with pytest.raises(BadInputError, match=missing):
        Settings.from_env({**AWS, missing: " "})


def test_jobs_outlive_the_agent_unless_told_otherwise() -> None:
    assert Settings.from_env(LOCAL).jobs_outlive_agent
    assert not Settings.from_env({**LOCAL, "JOBS_OUTLIVE_AGENT": "false"}).jobs_outlive_agent
    with pytest.raises(BadInputError, match="JOBS_OUTLIVE_AGENT is 'no'"):
        Settings.from_env({**LOCAL, "JOBS_OUTLIVE_AGENT": "no"})


def test_a_trainer_without_an_exporter_is_refused() -> None:
    with pytest.raises(BadInputError, match="EXPORTER_COMMAND"):
        Settings.from_env({"BUCKET": "b", "TRAINER_COMMAND": "train"})
