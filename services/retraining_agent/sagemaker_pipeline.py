"""Training on AWS: executions of a SageMaker Pipeline, one a job. Knows not what its steps do.

Not run against AWS yet: the calls are tested against moto alone.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from services.retraining_agent.errors import JobFailedError, TransientError
from services.retraining_agent.jobs import JobStatus, TrainingJob
from services.retraining_agent.store import ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_STATUS: dict[str, JobStatus] = {
    "Executing": "running",
    "Stopping": "running",
    "Succeeded": "succeeded",
    "Failed": "failed",
    "Stopped": "failed",
}
_TOKEN_CHARACTERS = 32  # the least that ClientRequestToken takes


@dataclass(frozen=True)
class PipelineSpec:
    """Which pipeline, and what its steps run on."""

    name: str
    role_arn: str
    bucket: str
    trainer_image: str
    exporter_image: str
    serving_image: str
    model_package_group: str
    training_instance: str = "ml.g5.xlarge"
    processing_instance: str = "ml.m5.xlarge"
    exporter_command: str = "/app/bin/python -m services.onnx_exporter.main"
    """How the exporter's image runs it."""


class SageMakerPipelineJobs:
    """TrainingJobs as executions of one pipeline, which it keeps at the given definition."""

    def __init__(
        self,
        client: "SageMakerClient",
        store: ObjectStore,
        spec: PipelineSpec,
        definition: Callable[[PipelineSpec], str],
    ) -> None:
        self._client = client
        self._store = store
        self._spec = spec
        self._definition = definition

    def advance(self, job: TrainingJob) -> JobStatus:
        try:
            arn = self._execution(job) or self._start(job)
            answer = self._client.describe_pipeline_execution(PipelineExecutionArn=arn)
        except (BotoCoreError, ClientError) as error:
            raise TransientError(f"pipeline {self._spec.name}: {error}") from error
        return _STATUS[answer["PipelineExecutionStatus"]]

    def artifact(self, job: TrainingJob) -> bytes:
        stored = self._store.read(output_key(job.name))
        if stored is None:
            raise JobFailedError(f"job {job.name} left no {output_key(job.name)}")
        return stored.content

    def _execution(self, job: TrainingJob) -> str | None:
        """Return the execution of the job, found by its name; None when it was never started."""
        pages = self._client.get_paginator("list_pipeline_executions").paginate(
            PipelineName=self._ensure_pipeline(), SortOrder="Descending"
        )
        for page in pages:
            for summary in page["PipelineExecutionSummaries"]:
                if summary.get("PipelineExecutionDisplayName") == job.name:
                    return summary["PipelineExecutionArn"]
        return None

    def _start(self, job: TrainingJob) -> str:
        bucket = f"s3://{self._spec.bucket}"
        parameters = {
            "TrainingSet": f"{bucket}/{job.training_set_key}",
            "Holdout": f"{bucket}/{job.holdout_key}",
            "Champion": f"{bucket}/{job.champion_key}",
            "Output": f"{bucket}/{output_key(job.name).rpartition('/')[0]}",
            "Version": job.version,
        }
        answer = self._client.start_pipeline_execution(
            PipelineName=self._spec.name,
            PipelineExecutionDisplayName=job.name,
            ClientRequestToken=job.name.ljust(_TOKEN_CHARACTERS, "-"),
            PipelineParameters=[{"Name": name, "Value": v} for name, v in parameters.items()],
        )
        return answer["PipelineExecutionArn"]

    def _ensure_pipeline(self) -> str:
        """Create the pipeline, or bring an existing one up to date."""
        definition = self._definition(self._spec)
        try:
            known = self._client.describe_pipeline(PipelineName=self._spec.name)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("ResourceNotFound", "ValidationException"):
                raise
            self._client.create_pipeline(
                PipelineName=self._spec.name,
                PipelineDefinition=definition,
                ClientRequestToken=self._spec.name.ljust(_TOKEN_CHARACTERS, "-"),
                RoleArn=self._spec.role_arn,
            )
            return self._spec.name
        if known["PipelineDefinition"] != definition:
            self._client.update_pipeline(
                PipelineName=self._spec.name, PipelineDefinition=definition
            )
        return self._spec.name


def sdk_definition(spec: PipelineSpec) -> str:
    """Return the pipeline's definition, for the region that boto3 finds; loads the SDK."""
    with warnings.catch_warnings():
        # Version 2 warns that it is not version 3: ops/decisions/0007 says why it is not.
        warnings.simplefilter("ignore", FutureWarning)
        # A PipelineSession warns at each step that it runs none: that is what it is for.
        warnings.simplefilter("ignore", UserWarning)
        from services.retraining_agent.pipeline_definition import PipelineBuilder

        return PipelineBuilder(boto3.Session(), spec).definition()


def output_key(job_name: str) -> str:
    """Return the key at which the export step leaves the artifact."""
    return f"registry/runs/{job_name}/job/model.tar.gz"
