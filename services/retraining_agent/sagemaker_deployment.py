"""Serving on AWS: blue/green update of a SageMaker endpoint with a canary and alarm roll-back.

Not run against AWS yet: no emulator has update_endpoint, so the tests use a fake that keeps the
documented semantics.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.retraining_agent.deployment import DeployStatus, Release
from services.retraining_agent.errors import ConflictError, TransientError
from services.retraining_agent.live_endpoint import (
    LiveEndpoint,
    Request,
    read_live_endpoint,
    sagemaker_name,
    with_shadow,
)
from services.retraining_agent.store import ABSENT, ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import DeploymentConfigTypeDef

_FAILED = ("Failed", "UpdateRollbackFailed", "OutOfService")


@dataclass(frozen=True)
class EndpointSpec:
    """Which endpoint, where its models are, and what calls an update off."""

    endpoint: str
    bucket: str
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

    def live_variant(self) -> str:
        """Return the name of the variant that serves; raises TransientError."""
        with self._faults_are_transient():
            found = self._client.describe_endpoint(EndpointName=self._spec.endpoint)
            return found["ProductionVariants"][0]["VariantName"]

    def advance(self, release: Release) -> DeployStatus:
        def plan(live: LiveEndpoint) -> Request:
            return live.config_request(config_name(release), self._create_model(live, release))

        return self._advance(release, plan)

    def advance_shadow(self, candidate: Release, champion: Release, share: float) -> DeployStatus:
        """Serve the champion, and copy this share of its requests to the candidate."""

        def plan(live: LiveEndpoint) -> Request:
            served = self._create_model(live, champion)
            config = live.config_request(config_name(candidate), served)
            return with_shadow(config, self._create_model(live, candidate), share)

        return self._advance(candidate, plan)

    def _advance(self, release: Release, plan: Callable[[LiveEndpoint], Request]) -> DeployStatus:
        """Move the endpoint to the configuration named after the release, which `plan` makes."""
        with self._faults_are_transient():
            found = self._client.describe_endpoint(EndpointName=self._spec.endpoint)
            status = found["EndpointStatus"]
            if status in _FAILED:
                return "failed"
            if status != "InService":
                return "running"
            if found.get("EndpointConfigName") == config_name(release):
                return "done"
            live = read_live_endpoint(self._client, found)
            if not self._is_first_try(release):
                return "failed"  # in service again with another configuration: it was rolled back
            with _existing_is_fine():
                self._client.create_endpoint_config(**plan(live))
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

    def _create_model(self, live: LiveEndpoint, release: Release) -> str:
        """Create the model of a release like the live one and return its name."""
        request = live.model_request(release, self._spec.bucket)
        with _existing_is_fine():
            self._client.create_model(**request)
        return str(request["ModelName"])

    def _update(self, release: Release) -> None:
        """Update blue/green; variant properties are retained, the autoscaled count among them."""
        self._client.update_endpoint(
            EndpointName=self._spec.endpoint,
            EndpointConfigName=config_name(release),
            RetainAllVariantProperties=True,
            DeploymentConfig=deployment_config(self._spec),
        )

    @contextmanager
    def _faults_are_transient(self) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise TransientError(f"endpoint {self._spec.endpoint}: {error}") from error


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


def config_name(release: Release) -> str:
    """Return the name of the configuration of one release."""
    return sagemaker_name(release.name)


@contextmanager
def _existing_is_fine() -> Iterator[None]:
    """Pass over SageMaker's refusal to create what is there: names are unique to their content."""
    try:
        yield
    except ClientError as error:
        if "already exist" not in str(error):
            raise
