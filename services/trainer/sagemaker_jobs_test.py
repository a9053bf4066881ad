import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from services.trainer.config import TrainerConfig, build_config
from services.trainer.errors import ConfigError, DataError, SubmitError
from services.trainer.main import main
from services.trainer.submit import METRICS, Machine, job_request
from services.trainer.submit_command import training_jobs

MACHINE = Machine(
    image="123456789012.dkr.ecr.us-east-1.amazonaws.com/trainer:1",
    role="arn:aws:iam::123456789012:role/trainer",
    instance_type="ml.g5.xlarge",
    instances=2,
    volume_gigabytes=50,
    max_hours=2,
    is_spot=True,
    max_wait_hours=5,
)
DATA = "s3://bucket/in/complaints.parquet"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """What boto3 reads by itself."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("SAGEMAKER_SUPPRESS_V2_WARNING", "1")


def started(name: str) -> dict[str, Any]:
    """Return what the service knows of a job."""
    return dict(boto3.client("sagemaker").describe_training_job(TrainingJobName=name))


def test_a_spot_job_reaches_the_service_with_all_that_it_needs() -> None:
    config = build_config({}, {"fit.learning_rate": 1e-5, "encoder.name": "minilm"})
    test = "s3://bucket/in/test.parquet"
    request = job_request("spot-1", DATA, test, "s3://bucket/out/", MACHINE, config)

    arn = training_jobs(boto3.Session()).start(request)

    job = started("spot-1")
    sources = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in job["InputDataConfig"]
    }
    assert job["TrainingJobArn"] == arn
    assert job["AlgorithmSpecification"]["TrainingImage"] == MACHINE.image
    assert job["RoleArn"] == MACHINE.role
    assert job["ResourceConfig"]["InstanceCount"] == 2
    assert job["EnableManagedSpotTraining"] is True
    assert job["CheckpointConfig"]["S3Uri"] == "s3://bucket/out/spot-1/checkpoints"
    assert job["OutputDataConfig"]["S3OutputPath"] == "s3://bucket/out"
    assert job["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 7200,
        "MaxWaitTimeInSeconds": 18000,
    }
    assert sources == {"training": DATA, "test": test}
    assert job["HyperParameters"]["fit.learning_rate"] == "1e-05"


def test_the_metrics_of_a_job_are_those_that_its_log_can_tell() -> None:
    session, sent = boto3.Session(), list[dict[str, Any]]()
    session.events.register(
        "before-parameter-build.sagemaker.CreateTrainingJob",
        lambda params, **_: sent.append(params),
    )
    request = job_request("metrics-1", DATA, None, "s3://bucket/out", MACHINE, TrainerConfig())

    training_jobs(session).start(request)

    (params,) = sent
    definitions = params["AlgorithmSpecification"]["MetricDefinitions"]
    assert {one["Name"]: one["Regex"] for one in definitions} == METRICS


def test_the_hyperparameters_of_a_job_are_the_configuration_again() -> None:
    config = build_config({}, {"fit.learning_rate": 1e-5, "evaluation.baselines": []})

    request = job_request("any", DATA, None, "s3://bucket/out", MACHINE, config)

    values = {name: json.loads(value) for name, value in request.hyperparameters.items()}
    assert build_config({}, values) == config
    assert len(values) <= 100  # what CreateTrainingJob takes


def test_a_job_on_demand_waits_for_nothing() -> None:
    machine = replace(MACHINE, is_spot=False)
    request = job_request("demand-1", DATA, None, "s3://bucket/out", machine, TrainerConfig())

    training_jobs(boto3.Session()).start(request)

    assert started("demand-1")["StoppingCondition"] == {"MaxRuntimeInSeconds": 7200}


class _Refusing(BaseHTTPRequestHandler):
    """Answers as SageMaker does when a name is taken."""

    def do_POST(self) -> None:  # noqa: N802
        body = b'{"__type": "ResourceInUse", "message": "names must be unique"}'
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def test_what_the_service_refuses_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    request = job_request("twice", DATA, None, "s3://bucket/out", MACHINE, TrainerConfig())
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")

        with pytest.raises(SubmitError, match="job twice was refused: names must be unique"):
            training_jobs(boto3.Session()).start(request)


def test_a_session_without_a_region_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "absent")

    with pytest.raises(ConfigError, match="there is no AWS region"):
        training_jobs(boto3.Session())


def test_a_teacher_comes_by_a_channel_of_its_own() -> None:
    teacher = "s3://bucket/models/model.tar.gz"
    config = build_config({}, {"loss.teacher": teacher, "loss.teacher_share": 0.5})

    request = job_request("any", DATA, None, "s3://bucket/out", MACHINE, config)

    assert request.channels == {"training": DATA, "teacher": teacher}


def test_a_job_reads_and_writes_addresses_alone() -> None:
    with pytest.raises(DataError, match="data.csv is no object"):
        job_request("any", "data.csv", None, "s3://bucket/out", MACHINE, TrainerConfig())
    with pytest.raises(DataError, match="out is no address"):
        job_request("any", DATA, None, "out", MACHINE, TrainerConfig())


def test_a_spot_job_waits_at_least_as_long_as_it_trains() -> None:
    machine = replace(MACHINE, max_wait_hours=1)

    with pytest.raises(ConfigError, match="--max-wait-hours is 1: expected at least"):
        job_request("any", DATA, None, "s3://bucket/out", machine, TrainerConfig())


def test_the_command_starts_a_job_and_says_where_its_model_will_be(
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = ["--data", DATA, "--output", "s3://bucket/out", "--name", "command-1"]
    machine = ["--image", MACHINE.image, "--role", MACHINE.role, "--on-demand"]

    with pytest.raises(SystemExit) as stopped:
        main(["submit", *places, *machine, "--set", "fit.epochs=4", "--json"])

    document = json.loads(capsys.readouterr().out)
    assert stopped.value.code == 0
    assert document["model"] == "s3://bucket/out/command-1/output/model.tar.gz"
    assert started("command-1")["HyperParameters"]["fit.epochs"] == "4.0"
