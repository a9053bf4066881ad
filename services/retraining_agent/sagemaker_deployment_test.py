from dataclasses import replace
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from services.retraining_agent.deployment import DeployStatus, Release
from services.retraining_agent.errors import TransientError
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.sagemaker_deployment import (
    EndpointSpec,
    SageMakerDeployment,
    config_name,
)
from services.retraining_agent.testing.fake_endpoint import FakeEndpoint

SPEC = EndpointSpec("complaints", "bucket", alarms=("errors", "latency"))
RELEASE = Release("20260101T000000Z-ab-deploy", "2.0.0", "d" * 64, "registry/models/2/model.tar.gz")


def deployment(endpoint: object, store: MemoryStore | None = None) -> SageMakerDeployment:
    return SageMakerDeployment(cast(Any, endpoint), store or MemoryStore(), SPEC)


def to_its_end(deployment: SageMakerDeployment, release: Release = RELEASE) -> DeployStatus:
    status: DeployStatus = "running"
    while status == "running":
        status = deployment.advance(release)
    return status


def test_an_endpoint_is_updated_blue_green_with_canary_and_alarms() -> None:
    endpoint = FakeEndpoint("old")

    assert to_its_end(deployment(endpoint)) == "done"

    (update,) = endpoint.updates
    policy = update["DeploymentConfig"]["BlueGreenUpdatePolicy"]
    alarms = update["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    assert endpoint.config == config_name(RELEASE)
    assert policy["TrafficRoutingConfiguration"]["Type"] == "CANARY"
    assert alarms == [{"AlarmName": "errors"}, {"AlarmName": "latency"}]


def test_an_endpoint_without_alarms_is_updated_too() -> None:
    endpoint = FakeEndpoint("old")
    without = SageMakerDeployment(cast(Any, endpoint), MemoryStore(), replace(SPEC, alarms=()))

    assert to_its_end(without) == "done"


def test_the_autoscaled_count_is_kept() -> None:
    endpoint = FakeEndpoint("old")

    to_its_end(deployment(endpoint))

    (variant,) = endpoint.configs[config_name(RELEASE)]["ProductionVariants"]
    assert endpoint.instances == variant["InitialInstanceCount"] == 5


def test_an_update_that_an_alarm_rolled_back_has_failed_and_is_not_tried_again() -> None:
    endpoint = FakeEndpoint("old", alarm=True)

    assert to_its_end(deployment(endpoint)) == "failed"

    assert endpoint.config == "old"
    assert len(endpoint.updates) == 1


def test_a_deployment_that_is_there_is_left_alone() -> None:
    endpoint = FakeEndpoint(config_name(RELEASE))

    assert deployment(endpoint).advance(RELEASE) == "done"
    assert endpoint.updates == []


def test_another_process_goes_on_with_an_update_under_way() -> None:
    endpoint, store = FakeEndpoint("old"), MemoryStore()
    deployment(endpoint, store).advance(RELEASE)

    assert to_its_end(deployment(endpoint, store)) == "done"
    assert len(endpoint.updates) == 1


def test_a_model_that_exists_already_is_used() -> None:
    endpoint = FakeEndpoint("old")
    to_its_end(deployment(endpoint))
    known = len(endpoint.models)

    again = replace(RELEASE, name="20260102T000000Z-cd-revert")
    assert to_its_end(deployment(endpoint), again) == "done"
    assert len(endpoint.models) == known


def test_a_model_is_made_anew_where_the_image_was_changed_since() -> None:
    endpoint = FakeEndpoint("old")
    to_its_end(deployment(endpoint))
    (variant,) = endpoint.configs[endpoint.config]["ProductionVariants"]
    endpoint.models[variant["ModelName"]]["PrimaryContainer"]["Image"] = "serving@sha256:2"

    to_its_end(deployment(endpoint), replace(RELEASE, name="20260102T000000Z-cd-revert"))

    (later,) = endpoint.configs[endpoint.config]["ProductionVariants"]
    assert later["ModelName"] != variant["ModelName"]
    assert endpoint.models[later["ModelName"]]["PrimaryContainer"]["Image"] == "serving@sha256:2"


def test_a_fault_of_the_network_is_transient() -> None:
    class Unreachable:
        def describe_endpoint(self, **request: object) -> None:
            raise EndpointConnectionError(endpoint_url="https://example.invalid")

    with pytest.raises(TransientError, match="complaints"):
        deployment(Unreachable()).advance(RELEASE)


def test_the_scaling_target_of_the_champion_stays_that_of_the_candidate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    endpoint = FakeEndpoint("old")
    to_its_end(deployment(endpoint))
    (variant,) = endpoint.configs[config_name(RELEASE)]["ProductionVariants"]
    with mock_aws():
        scaling = boto3.client("application-autoscaling", region_name="us-east-1")
        target = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{SPEC.endpoint}/variant/champion",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
        scaling.register_scalable_target(**target, MinCapacity=2, MaxCapacity=8)

        found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")

    names = [each["ResourceId"].rpartition("/")[2] for each in found["ScalableTargets"]]
    assert names == [variant["VariantName"]]
