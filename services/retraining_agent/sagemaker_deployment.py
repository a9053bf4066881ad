"""Serving on AWS: blue/green update of a SageMaker endpoint with a canary and alarm roll-back.

Not run against AWS yet: no emulator has update_endpoint, so the tests use a fake that keeps the
documented semantics.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from services.retraining_agent.deployment import DeployStatus, Release
from services.retraining_agent.errors import ConflictError, TransientError
from services.retraining_agent.store import ABSENT, ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.literals import ProductionVariantInstanceTypeType
    from mypy_boto3_sagemaker.type_defs import DeploymentConfigTypeDef

Variants = dict[str, Any]
_FAILED = ("Failed", "UpdateRollbackFailed", "OutOfService")
CHAMPION_VARIANT = "champion"
"""Autoscaling is registered for the variant by name, so the name never changes."""
SHADOW_VARIANT = "shadow"


@dataclass(frozen=True)
class EndpointSpec:
    """Which endpoint, how its container runs, and what calls an update off.

    `instances` counts for a new endpoint alone: an update keeps the autoscaled number.
    """

    endpoint: str
    role_arn: str
    bucket: str
    image: str
    instance_type: "ProductionVariantInstanceTypeType" = "ml.m5.large"
    instances: int = 2
    alarms: tuple[str, ...] = ()
    canary_percent: int = 10
    bake_seconds: int = 600


class SageMakerDeployment:
    """Deployment to one endpoint."""

    is_watchable = True

    def __init__(self, client: "SageMakerClient", store: ObjectStore, spec: EndpointSpec) -> None:
        self._client = client
        self._store = store
        self._spec = spec

    @property
    def endpoint(self) -> str:
        """The endpoint's name."""
        return self._spec.endpoint

    def advance(self, release: Release) -> DeployStatus:
        variants = {"ProductionVariants": [self._variant(CHAMPION_VARIANT, release)]}
        return self._advance_to(release, [release], variants)

    def advance_shadow(self, candidate: Release, champion: Release, share: float) -> DeployStatus:
        """Serve the champion, and copy this share of its requests to the candidate."""
        variants = {
            "ProductionVariants": [self._variant(CHAMPION_VARIANT, champion)],
            "ShadowProductionVariants": [self._variant(SHADOW_VARIANT, candidate, share)],
        }
        return self._advance_to(candidate, [champion, candidate], variants)

    def _advance_to(
        self, release: Release, models: list[Release], variants: Variants
    ) -> DeployStatus:
        """Move the endpoint to the configuration named after the release."""
        try:
            return self._advance(release, models, variants)
        except (BotoCoreError, ClientError) as error:
            raise TransientError(f"endpoint {self._spec.endpoint}: {error}") from error

    def _advance(self, release: Release, models: list[Release], variants: Variants) -> DeployStatus:
        found = self._client.describe_endpoint(EndpointName=self._spec.endpoint)
        status = found["EndpointStatus"]
        if status in _FAILED:
            return "failed"
        if status != "InService":
            return "running"
        if found.get("EndpointConfigName") == config_name(release):
            return "done"
        if not self._is_first_try(release):
            return "failed"  # in service again with another configuration: it was rolled back
        for model in models:
            self._create_model(model)
        with _existing_is_fine():
            self._client.create_endpoint_config(EndpointConfigName=config_name(release), **variants)
        self._update(release)
        return "running"

    def _is_first_try(self, release: Release) -> bool:
        """Mark the update as begun. One that was marked and never begun counts as failed, which
        ends in a clean roll-back."""
        try:
            self._store.write(f"registry/runs/{release.name}/update", b"begun\n", ABSENT)
        except ConflictError:
            return False
        return True

    def _create_model(self, release: Release) -> None:
        with _existing_is_fine():
            self._client.create_model(
                ModelName=model_name(release),
                ExecutionRoleArn=self._spec.role_arn,
                PrimaryContainer={
                    "Image": self._spec.image,
                    "ModelDataUrl": f"s3://{self._spec.bucket}/{release.artifact_key}",
                },
            )

    def _variant(self, name: str, model: Release, weight: float = 1.0) -> dict[str, Any]:
        return {
            "VariantName": name,
            "ModelName": model_name(model),
            "InstanceType": self._spec.instance_type,
            "InitialInstanceCount": self._spec.instances,
            "InitialVariantWeight": weight,
        }

    def _update(self, release: Release) -> None:
        """Update blue/green; variant properties are retained, the autoscaled count among them."""
        self._client.update_endpoint(
            EndpointName=self._spec.endpoint,
            EndpointConfigName=config_name(release),
            RetainAllVariantProperties=True,
            DeploymentConfig=deployment_config(self._spec),
        )


def deployment_config(spec: EndpointSpec) -> "DeploymentConfigTypeDef":
    """Return the canary and what rolls it back."""
    policy: DeploymentConfigTypeDef = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": spec.canary_percent},
                "WaitIntervalInSeconds": spec.bake_seconds,
            },
            "TerminationWaitInSeconds": spec.bake_seconds,
        },
    }
    if spec.alarms:  # an empty list is refused
        policy["AutoRollbackConfiguration"] = {
            "Alarms": [{"AlarmName": name} for name in spec.alarms]
        }
    return policy


def model_name(release: Release) -> str:
    """Return a name that SageMaker takes, the same for the same model."""
    return _name(f"complaints-{release.version}-{release.model_digest[:8]}")


def config_name(release: Release) -> str:
    """Return the name of the configuration of one release."""
    return _name(release.name)


def _name(text: str) -> str:
    return re.sub(r"[^a-zA-Z0-9]+", "-", text)[:63].strip("-")


@contextmanager
def _existing_is_fine() -> Iterator[None]:
    """Pass over SageMaker's refusal to create what is there: names are unique to their content."""
    try:
        yield
    except ClientError as error:
        if "already exist" not in str(error):
            raise
