import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.validate import ParamValidator

from ops.aws.template import Rendering, resources
from services.retraining_agent.settings import Settings as AgentSettings
from services.serving.settings import Settings as ServingSettings
from services.stream_consumer.settings import Settings as ConsumerSettings

DIGEST = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/complaints/x@sha256:{'0' * 64}"
IMAGES = dict.fromkeys(["Image", "TrainerImage", "ExporterImage", "ServingImage"], DIGEST)
BOTO3 = {"AWS_DEFAULT_REGION"}


class Asked(Mapping[str, str]):
    """An environment that remembers which variables were read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def serving_environment() -> dict[str, str]:
    rendering = Rendering(
        "serving", {"Environment": "prod", "PushgatewayUrl": "https://push.example"}
    )
    model = resources("serving", "AWS::SageMaker::Model")["Model"]
    variables: dict[str, str] = rendering.render(model["PrimaryContainer"]["Environment"])
    return variables


def consumer_environment() -> dict[str, str]:
    rendering = Rendering("stream_consumer", {"Environment": "prod", "TracingLayerArn": "arn"})
    function = resources("stream_consumer", "AWS::Serverless::Function")["Function"]
    variables: dict[str, str] = rendering.render(function["Environment"]["Variables"])
    return variables


def agent_job() -> dict[str, Any]:
    """Return the request of CreateProcessingJob that the schedule sends."""
    rendering = Rendering("retraining_agent", {"Environment": "prod", **IMAGES})
    schedule = resources("retraining_agent", "AWS::Scheduler::Schedule")["HourlySchedule"]
    text = rendering.render(schedule["Target"]["Input"])
    job: dict[str, Any] = json.loads(text.replace("<aws.scheduler.execution-id>", "0" * 36))
    return job


def test_serving_reads_every_variable_that_the_model_sets() -> None:
    environ = Asked(serving_environment())

    settings = ServingSettings.from_env(environ)

    assert set(environ) == {"COMPLAINTS_PUSHGATEWAY_URL"}
    assert set(environ) <= environ.names
    assert settings.push_url == "https://push.example"


def test_a_model_without_a_pushgateway_sets_nothing() -> None:
    model = resources("serving", "AWS::SageMaker::Model")["Model"]

    container = Rendering("serving", {"Environment": "prod"}).render(model["PrimaryContainer"])

    assert "Environment" not in container


def test_the_consumer_reads_every_variable_that_the_function_sets() -> None:
    environ = Asked(consumer_environment())

    settings = ConsumerSettings.from_env(environ)

    assert set(environ) == {"ENDPOINT_NAME", "LOG_BUCKET", "REDACT", "TRACING"}
    assert set(environ) <= environ.names
    assert settings.endpoint_name == "complaints-prod"
    assert settings.is_tracing


def test_the_agent_reads_every_variable_that_its_schedule_sets() -> None:
    environ = Asked(agent_job()["Environment"])

    settings = AgentSettings.from_env(environ)

    assert set(environ) - BOTO3 <= environ.names
    assert settings.pipeline is not None
    assert settings.endpoint is not None
    assert settings.endpoint.alarms == (
        "complaints-prod-serving-errors",
        "complaints-prod-serving-latency",
    )


def test_sagemaker_takes_the_request_that_starts_the_agent() -> None:
    shape = boto3.client("sagemaker", region_name="eu-central-1").meta.service_model
    operation = shape.operation_model("CreateProcessingJob").input_shape
    assert operation is not None

    report = ParamValidator().validate(agent_job(), operation)

    assert report.generate_report() == ""
    assert len(agent_job()["ProcessingJobName"]) <= 63
    assert max(map(len, agent_job()["Environment"].values())) <= 256


def test_the_job_of_the_agent_ends_before_its_next_one_begins() -> None:
    stopping = agent_job()["StoppingCondition"]["MaxRuntimeInSeconds"]

    assert stopping < 3600
