"""The live endpoint as SageMaker describes it, and the requests that copy it for a release.

A release changes the model, the names and the shadow. All else (instances, key, network, capture,
image, environment, role) stays as whoever runs the endpoint set it; this module knows no default.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.retraining_agent.deployment import Release
from services.retraining_agent.errors import BadInputError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import DescribeEndpointOutputTypeDef

Request = dict[str, Any]
SHADOW_VARIANT = "shadow"
NAMES_OF_A_CONFIG = frozenset({"EndpointConfigName", "EndpointConfigArn", "CreationTime"})
NAMES_OF_A_MODEL = frozenset({"ModelName", "ModelArn", "CreationTime", "DeploymentRecommendation"})
# A model names its data in one of two ways, and SageMaker refuses both at once.
_MODEL_DATA = frozenset({"ModelDataUrl", "ModelDataSource"})
_MAX_NAME = 63


@dataclass(frozen=True)
class LiveEndpoint:
    """Configuration and model as SageMaker describes them, and the instances that serve now."""

    config: Mapping[str, Any]
    model: Mapping[str, Any]
    instances: int

    def model_request(self, release: Release, bucket: str) -> Request:
        """Return the request of CreateModel: the live model with the data of the release.

        Its name says what is in it, so that a model of the same name is the same model.
        """
        container = _without(self.model["PrimaryContainer"], _MODEL_DATA)
        container["ModelDataUrl"] = f"s3://{bucket}/{release.artifact_key}"
        request = {**_without(self.model, NAMES_OF_A_MODEL), "PrimaryContainer": container}
        content = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        name = f"complaints-{release.version[:24]}-{release.model_digest[:8]}-{content[:8]}"
        return {**request, "ModelName": sagemaker_name(name)}

    def config_request(self, name: str, model: str) -> Request:
        """Return the request of CreateEndpointConfig: the live one with this model, no shadow."""
        (live,) = self.config["ProductionVariants"]
        variant = {**live, "ModelName": model}
        if self.instances:
            variant["InitialInstanceCount"] = self.instances
        request = _without(self.config, NAMES_OF_A_CONFIG | {"ShadowProductionVariants"})
        return {**request, "EndpointConfigName": name, "ProductionVariants": [variant]}


def with_shadow(config: Request, model: str, share: float) -> Request:
    """Return the configuration with a shadow that gets this share of the variant's requests."""
    (served,) = config["ProductionVariants"]
    shadow = {
        **served,
        "VariantName": SHADOW_VARIANT,
        "ModelName": model,
        "InitialVariantWeight": share * served.get("InitialVariantWeight", 1.0),
    }
    return {**config, "ShadowProductionVariants": [shadow]}


def read_live_endpoint(
    client: "SageMakerClient", endpoint: "DescribeEndpointOutputTypeDef"
) -> LiveEndpoint:
    """Read what a described endpoint serves; raises BadInputError where it cannot be copied."""
    name = endpoint["EndpointName"]
    config = client.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    variants = config["ProductionVariants"]
    if len(variants) != 1:
        raise BadInputError(f"endpoint {name} has {len(variants)} production variants: expected 1")
    model_name = variants[0].get("ModelName")
    if model_name is None:
        raise BadInputError(f"endpoint {name} serves inference components: expected a model")
    model = client.describe_model(ModelName=model_name)
    container = model.get("PrimaryContainer", {})
    if "Image" not in container or container.get("Mode", "SingleModel") != "SingleModel":
        raise BadInputError(
            f"endpoint {name}: model {model_name} is not one image with one model's data"
        )
    wanted = (
        each.get("DesiredInstanceCount", 0) for each in endpoint.get("ProductionVariants", [])
    )
    return LiveEndpoint(config, model, sum(wanted))


def sagemaker_name(text: str) -> str:
    """Return a name that SageMaker takes."""
    return re.sub(r"[^a-zA-Z0-9]+", "-", text)[:_MAX_NAME].strip("-")


def _without(described: Mapping[str, Any], left_out: frozenset[str]) -> Request:
    """Return what was described and is set, without these members and boto3's own."""
    left_out = left_out | {"ResponseMetadata"}
    return {name: value for name, value in described.items() if name not in left_out and value}
