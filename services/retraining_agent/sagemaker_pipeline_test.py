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
)
from services.retraining_agent.testing.pipeline import SPEC

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

JOB = TrainingJob(
    name="run-1",
    version="2.0.0",
    training_set=b"",
    training_set_key="registry/runs/run-1/training_set.parquet",
    holdout=b"",
    holdout_key="registry/holdouts/1.parquet",
    champion_key="registry/models/1.0.0/model.tar.gz",
)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator["SageMakerClient"]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("sagemaker", region_name="us-east-1")


def pipeline_jobs(
    client: "SageMakerClient", store: MemoryStore, spec: PipelineSpec = SPEC
) -> SageMakerPipelineJobs:
    def definition(spec: PipelineSpec) -> str:
        return json.dumps({"Version": "2020-12-01", "Image": spec.trainer_image})

    return SageMakerPipelineJobs(client, store, spec, definition)


def executions(client: "SageMakerClient") -> list[str]:
    found = client.list_pipeline_executions(PipelineName=SPEC.name)["PipelineExecutionSummaries"]
    return [each.get("PipelineExecutionDisplayName", "") for each in found]


def test_a_job_is_one_execution_however_often_it_is_asked_for(client: "SageMakerClient") -> None:
    first = pipeline_jobs(client, MemoryStore())
    second = pipeline_jobs(client, MemoryStore())

    assert first.advance(JOB) in ("running", "succeeded")
    second.advance(JOB)

    assert executions(client) == ["run-1"]


def test_the_execution_gets_data_champion_output_and_version(client: "SageMakerClient") -> None:
    pipeline_jobs(client, MemoryStore()).advance(JOB)

    (summary,) = client.list_pipeline_executions(PipelineName=SPEC.name)[
        "PipelineExecutionSummaries"
    ]
    answer = client.list_pipeline_parameters_for_execution(
        PipelineExecutionArn=summary["PipelineExecutionArn"]
    )
    assert {each["Name"]: each["Value"] for each in answer["PipelineParameters"]} == {
        "TrainingSet": "s3://bucket/registry/runs/run-1/training_set.parquet",
        "Holdout": "s3://bucket/registry/holdouts/1.parquet",
        "Champion": "s3://bucket/registry/models/1.0.0/model.tar.gz",
        "Output": "s3://bucket/registry/runs/run-1/job",
        "Version": "2.0.0",
    }


def test_the_artifact_is_what_the_export_step_left(client: "SageMakerClient") -> None:
    store = MemoryStore()
    jobs = pipeline_jobs(client, store)
    with pytest.raises(JobFailedError):
        jobs.artifact(JOB)

    store.write(output_key("run-1"), b"archive")

    assert jobs.artifact(JOB) == b"archive"


def test_a_changed_definition_updates_the_pipeline(client: "SageMakerClient") -> None:
    pipeline_jobs(client, MemoryStore()).advance(JOB)

    pipeline_jobs(client, MemoryStore(), replace(SPEC, trainer_image="v2")).advance(JOB)

    definition = client.describe_pipeline(PipelineName=SPEC.name)["PipelineDefinition"]
    assert "v2" in definition
