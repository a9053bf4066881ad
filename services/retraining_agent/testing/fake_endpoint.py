"""A stand-in for SageMaker's endpoint calls, with the semantics that AWS documents.

update_endpoint is refused unless the endpoint is InService; then it is Updating. It ends InService
with the new configuration, or, when an alarm goes off, InService with the old one. The instance
count of a variant stays the autoscaled one only with RetainAllVariantProperties. Names are taken
once and for all. What is described is what was created, and what SageMaker adds to it. Every
request is checked against the service model that botocore ships.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import ServiceModel
from botocore.session import get_session
from botocore.validate import ParamValidator

LIVE_MODEL = "model-of-the-stack"
LIVE_VARIANT = {
    "VariantName": "champion",
    "ModelName": LIVE_MODEL,
    "InstanceType": "ml.c7g.xlarge",
    "InitialInstanceCount": 2,
    "InitialVariantWeight": 1.0,
    "ContainerStartupHealthCheckTimeoutInSeconds": 120,
}
_KEY = "arn:aws:kms:us-east-1:123456789012:key/of-the-stack"
_CREATED = {"CreationTime": datetime(2026, 1, 1, tzinfo=UTC)}


def live_config(name: str) -> dict[str, Any]:
    """Return the request of the configuration with which the endpoint was made."""
    return {
        "EndpointConfigName": name,
        "ProductionVariants": [LIVE_VARIANT],
        "KmsKeyId": _KEY,
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 5,
            "DestinationS3Uri": "s3://bucket/captured",
            "CaptureOptions": [{"CaptureMode": "Output"}],
        },
    }


def live_model() -> dict[str, Any]:
    """Return the request of the model with which the endpoint was made."""
    return {
        "ModelName": LIVE_MODEL,
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/serving",
        "EnableNetworkIsolation": True,
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
        "PrimaryContainer": {
            "Image": "serving@sha256:1",
            "ModelDataUrl": "s3://bucket/registry/models/1/model.tar.gz",
            "Environment": {"COMPLAINTS_PUSHGATEWAY_URL": "http://gateway"},
        },
    }


class FakeEndpoint:
    """The few calls of the SageMaker client that a deployment makes."""

    def __init__(self, config: str, alarm: bool = False) -> None:
        self.config = config
        self.status = "InService"
        self.instances = 5
        self.updates: list[dict[str, Any]] = []
        self.models: dict[str, Any] = {LIVE_MODEL: live_model()}
        self.configs: dict[str, Any] = {config: live_config(config)}
        self._alarm = alarm
        self._pending: str | None = None

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:  # noqa: N803
        variant = self.configs[self.config]["ProductionVariants"][0]["VariantName"]
        answer = {
            "EndpointName": EndpointName,
            "EndpointStatus": self.status,
            "EndpointConfigName": self.config,
            "ProductionVariants": [
                {"VariantName": variant, "DesiredInstanceCount": self.instances}
            ],
        }
        self._go_on()
        return answer

    def describe_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:  # noqa: N803
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/{EndpointConfigName}"
        return {**self.configs[EndpointConfigName], "EndpointConfigArn": arn, **_CREATED}

    def describe_model(self, ModelName: str) -> dict[str, Any]:  # noqa: N803
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:model/{ModelName}"
        return {**self.models[ModelName], "ModelArn": arn, **_CREATED}

    def create_model(self, **request: Any) -> None:
        _check("CreateModel", request)
        _refuse_twice(self.models, request["ModelName"], "Cannot create already existing model")
        self.models[request["ModelName"]] = request

    def create_endpoint_config(self, **request: Any) -> None:
        _check("CreateEndpointConfig", request)
        name = request["EndpointConfigName"]
        _refuse_twice(self.configs, name, "Cannot create already existing endpoint configuration")
        self.configs[name] = request

    def update_endpoint(self, **request: Any) -> None:
        _check("UpdateEndpoint", request)
        if self.status != "InService":
            raise _refusal("Cannot update in-progress endpoint")
        self.updates.append(request)
        if not request.get("RetainAllVariantProperties"):
            config = self.configs[request["EndpointConfigName"]]
            self.instances = config["ProductionVariants"][0]["InitialInstanceCount"]
        self._pending = request["EndpointConfigName"]
        self.status = "Updating"

    def _go_on(self) -> None:
        if self._pending is not None:
            self.status = "InService"
            self.config = self.config if self._alarm else self._pending
            self._pending = None


@cache
def _service_model() -> ServiceModel:
    return get_session().get_service_model("sagemaker")


def _check(operation: str, request: dict[str, Any]) -> None:
    shape = _service_model().operation_model(operation).input_shape
    assert shape is not None
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())


def _refuse_twice(known: dict[str, Any], name: str, message: str) -> None:
    if name in known:
        raise _refusal(message)


def _refusal(message: str) -> ClientError:
    return ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "call")
