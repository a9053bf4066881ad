"""Training on AWS: a SageMaker Pipeline that trains, exports, verifies, evaluates and registers.

Not run against AWS yet: definition and calls are tested against moto alone.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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


class SageMakerPipelineJobs:
    """TrainingJobs as executions of one pipeline, one execution a job."""

    def __init__(self, client: "SageMakerClient", store: ObjectStore, spec: PipelineSpec) -> None:
        self._client = client
        self._store = store
        self._spec = spec

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
        parameters = {
            "TrainingSet": f"s3://{self._spec.bucket}/{job.training_set_key}",
            "Output": f"s3://{self._spec.bucket}/{output_key(job.name).rpartition('/')[0]}",
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
        definition = json.dumps(pipeline_definition(self._spec), sort_keys=True)
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


def output_key(job_name: str) -> str:
    """Return the key at which the export step leaves the artifact."""
    return f"registry/runs/{job_name}/job/model.tar.gz"


def pipeline_definition(spec: PipelineSpec) -> dict[str, Any]:
    """Return the pipeline in SageMaker's definition schema, version 2020-12-01."""
    train = _step("Train", "Training", _training(spec))
    checkpoint = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    export = _processing(spec, "Export", ["run"], {"checkpoint": checkpoint})
    artifact = {"Std:Join": {"On": "/", "Values": [_parameter("Output"), "model.tar.gz"]}}
    verify = _processing(spec, "Verify", ["verify"], {"artifact": artifact}, ["Export"])
    evaluate = _processing(
        spec,
        "Evaluate",
        ["evaluate"],
        {"artifact": artifact, "data": _parameter("TrainingSet")},
        ["Verify"],
    )
    register = _step("Register", "RegisterModel", _registration(spec, artifact), ["Evaluate"])
    return {
        "Version": "2020-12-01",
        "Parameters": [
            {"Name": name, "Type": "String"} for name in ("TrainingSet", "Output", "Version")
        ],
        "Steps": [train, export, verify, evaluate, register],
    }


def _training(spec: PipelineSpec) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {
            "TrainingImage": spec.trainer_image,
            "TrainingInputMode": "File",
        },
        "RoleArn": spec.role_arn,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": _parameter("TrainingSet")}
                },
            }
        ],
        "OutputDataConfig": {"S3OutputPath": _parameter("Output")},
        "ResourceConfig": {
            "InstanceCount": 1,
            "InstanceType": spec.training_instance,
            "VolumeSizeInGB": 50,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 6 * 3600},
    }


def _processing(
    spec: PipelineSpec,
    name: str,
    command: list[str],
    inputs: dict[str, Any],
    after: list[str] | None = None,
) -> dict[str, Any]:
    arguments = {
        "RoleArn": spec.role_arn,
        "AppSpecification": {"ImageUri": spec.exporter_image, "ContainerArguments": command},
        "Environment": {"VERSION": _parameter("Version")},
        "ProcessingInputs": [
            {
                "InputName": channel,
                "S3Input": {
                    "S3Uri": uri,
                    "LocalPath": f"/opt/ml/processing/input/{channel}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for channel, uri in inputs.items()
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "output",
                    "S3Output": {
                        "S3Uri": _parameter("Output"),
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": spec.processing_instance,
                "VolumeSizeInGB": 30,
            }
        },
    }
    return _step(name, "Processing", arguments, after)


def _registration(spec: PipelineSpec, artifact: dict[str, Any]) -> dict[str, Any]:
    return {
        "ModelPackageGroupName": spec.model_package_group,
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [{"Image": spec.serving_image, "ModelDataUrl": artifact}],
            "SupportedContentTypes": ["application/json", "application/jsonlines"],
            "SupportedResponseMIMETypes": ["application/json", "application/jsonlines"],
        },
    }


def _step(
    name: str, kind: str, arguments: dict[str, Any], after: list[str] | None = None
) -> dict[str, Any]:
    step = {"Name": name, "Type": kind, "Arguments": arguments}
    return {**step, "DependsOn": after} if after else step


def _parameter(name: str) -> dict[str, str]:
    return {"Get": f"Parameters.{name}"}
