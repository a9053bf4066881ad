import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from services.retraining_agent.errors import JobFailedError
from services.retraining_agent.jobs import TrainingJob
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.sagemaker_pipeline import (
    PipelineSpec,
    SageMakerPipelineJobs,
    output_key,
    pipeline_definition,
)

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

SPEC = PipelineSpec(
    name="retraining",
    role_arn="arn:aws:iam::123456789012:role/pipeline",
    bucket="bucket",
    trainer_image="trainer",
    exporter_image="exporter",
    serving_image="serving",
    model_package_group="complaints",
)
JOB = TrainingJob("run-1", "2.0.0", b"", "registry/runs/run-1/training_set.parquet", b"")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator["SageMakerClient"]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("sagemaker", region_name="us-east-1")


def executions(client: "SageMakerClient") -> list[str]:
    found = client.list_pipeline_executions(PipelineName=SPEC.name)["PipelineExecutionSummaries"]
    return [each.get("PipelineExecutionDisplayName", "") for each in found]


def test_a_job_is_one_execution_however_often_it_is_asked_for(client: "SageMakerClient") -> None:
    first = SageMakerPipelineJobs(client, MemoryStore(), SPEC)
    second = SageMakerPipelineJobs(client, MemoryStore(), SPEC)

    assert first.advance(JOB) in ("running", "succeeded")
    second.advance(JOB)

    assert executions(client) == ["run-1"]


def test_the_execution_gets_training_set_output_and_version(client: "SageMakerClient") -> None:
    SageMakerPipelineJobs(client, MemoryStore(), SPEC).advance(JOB)

    (summary,) = client.list_pipeline_executions(PipelineName=SPEC.name)[
        "PipelineExecutionSummaries"
    ]
    answer = client.list_pipeline_parameters_for_execution(
        PipelineExecutionArn=summary["PipelineExecutionArn"]
    )
    assert {each["Name"]: each["Value"] for each in answer["PipelineParameters"]} == {
        "TrainingSet": "s3://bucket/registry/runs/run-1/training_set.parquet",
        "Output": "s3://bucket/registry/runs/run-1/job",
        "Version": "2.0.0",
    }


def test_the_artifact_is_what_the_export_step_left(client: "SageMakerClient") -> None:
    store = MemoryStore()
    jobs = SageMakerPipelineJobs(client, store, SPEC)
    with pytest.raises(JobFailedError):
        jobs.artifact(JOB)

    store.write(output_key("run-1"), b"archive")

    assert jobs.artifact(JOB) == b"archive"


def test_a_changed_definition_updates_the_pipeline(client: "SageMakerClient") -> None:
    SageMakerPipelineJobs(client, MemoryStore(), SPEC).advance(JOB)

    SageMakerPipelineJobs(client, MemoryStore(), replace(SPEC, trainer_image="v2")).advance(JOB)

    definition = client.describe_pipeline(PipelineName=SPEC.name)["PipelineDefinition"]
    assert "v2" in definition


def test_the_definition_trains_exports_verifies_evaluates_and_registers() -> None:
    definition = pipeline_definition(SPEC)

    names = [step["Name"] for step in definition["Steps"]]
    gets = set(json.dumps(definition).split('"Get": "')[1:])
    assert names == ["Train", "Export", "Verify", "Evaluate", "Register"]
    assert {get.partition('"')[0] for get in gets} == {
        "Parameters.TrainingSet",
        "Parameters.Output",
        "Parameters.Version",
        "Steps.Train.ModelArtifacts.S3ModelArtifacts",
    }
