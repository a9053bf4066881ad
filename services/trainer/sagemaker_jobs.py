"""Starts training jobs through the SageMaker SDK. Imported only to submit: the SDK is large."""

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.session import Session

from services.trainer.errors import ConfigError, SubmitError, UnreachableError
from services.trainer.submit import JobRequest

HOUR_SECONDS = 3600

# The SDK reports its use to AWS unless told not to.
_NO_TELEMETRY = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}


class SageMakerJobs:
    """TrainingJobs over one session of boto3."""

    def __init__(self, session: boto3.Session) -> None:
        if session.region_name is None:
            raise ConfigError("there is no AWS region: set AWS_DEFAULT_REGION")
        self._session = Session(boto_session=session, sagemaker_config=_NO_TELEMETRY)

    def start(self, request: JobRequest) -> str:
        try:
            self._estimator(request).fit(
                {name: TrainingInput(place) for name, place in request.channels.items()},
                wait=False,
                job_name=request.name,
            )
            arn: str = self._session.describe_training_job(request.name)["TrainingJobArn"]
            return arn
        except NoCredentialsError as error:
            raise ConfigError(f"there are no AWS credentials: {error}") from error
        except ClientError as error:
            reason = error.response["Error"].get("Message") or error.response["Error"]["Code"]
            raise SubmitError(f"training job {request.name} was refused: {reason}") from error
        except BotoCoreError as error:
            raise UnreachableError(f"SageMaker does not answer: {error}") from error

    def _estimator(self, request: JobRequest) -> Estimator:
        machine = request.machine
        spot = (
            {"use_spot_instances": True, "max_wait": round(machine.max_wait_hours * HOUR_SECONDS)}
            if machine.is_spot
            else {}
        )
        return Estimator(
            image_uri=machine.image,
            role=machine.role,
            instance_count=machine.instances,
            instance_type=machine.instance_type,
            volume_size=machine.volume_gigabytes,
            max_run=round(machine.max_hours * HOUR_SECONDS),
            output_path=request.output,
            checkpoint_s3_uri=request.checkpoints,
            hyperparameters=dict(request.hyperparameters),
            metric_definitions=[
                {"Name": name, "Regex": pattern} for name, pattern in request.metrics.items()
            ],
            disable_profiler=True,
            debugger_hook_config=False,
            sagemaker_session=self._session,
            **spot,
        )
