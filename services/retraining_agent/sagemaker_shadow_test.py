from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from services.retraining_agent.deployment import DeployStatus, Release
from services.retraining_agent.memory_store import MemoryStore
from services.retraining_agent.sagemaker_deployment import (
    EndpointSpec,
    SageMakerDeployment,
    config_name,
)
from services.retraining_agent.sagemaker_shadow import NAMESPACE, SageMakerShadow
from services.retraining_agent.testing.fake_endpoint import FakeEndpoint

SPEC = EndpointSpec("complaints", "bucket")
CANDIDATE = Release("run-1-shadow", "2.0.0", "d" * 64, "registry/models/2/model.tar.gz")
CHAMPION = Release("run-1-shadow", "1.0.0", "c" * 64, "registry/models/1/model.tar.gz")
DEPLOY = Release("run-1-deploy", "2.0.0", "d" * 64, "registry/models/2/model.tar.gz")
NOW = datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("cloudwatch", region_name="us-east-1")


def shadow(endpoint: FakeEndpoint, cloudwatch: Any = None) -> SageMakerShadow:
    deployment = SageMakerDeployment(cast(Any, endpoint), MemoryStore(), SPEC)
    return SageMakerShadow(deployment, cloudwatch, share=0.5)


def mirror(shadow: SageMakerShadow) -> DeployStatus:
    status: DeployStatus = "running"
    while status == "running":
        status = shadow.advance(CANDIDATE, CHAMPION)
    return status


def data(endpoint: FakeEndpoint, variant: dict[str, Any]) -> str:
    return str(endpoint.models[variant["ModelName"]]["PrimaryContainer"]["ModelDataUrl"])


def count(cloudwatch: Any, metric: str, variant: str, values: list[float]) -> None:
    dimensions = [
        {"Name": "EndpointName", "Value": SPEC.endpoint},
        {"Name": "VariantName", "Value": variant},
    ]
    data = [
        {"MetricName": metric, "Dimensions": dimensions, "Timestamp": NOW, "Value": value}
        for value in values
    ]
    cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)


def test_the_champion_serves_and_the_candidate_gets_copies() -> None:
    endpoint = FakeEndpoint("old")

    assert mirror(shadow(endpoint)) == "done"

    config = endpoint.configs[config_name(CANDIDATE)]
    (served,), (mirrored,) = config["ProductionVariants"], config["ShadowProductionVariants"]
    assert (served["VariantName"], mirrored["VariantName"]) == ("champion", "shadow")
    assert data(endpoint, served) == f"s3://bucket/{CHAMPION.artifact_key}"
    assert data(endpoint, mirrored) == f"s3://bucket/{CANDIDATE.artifact_key}"
    assert mirrored["InitialVariantWeight"] / served["InitialVariantWeight"] == 0.5


def test_the_shadow_runs_on_what_the_champion_runs_on() -> None:
    endpoint = FakeEndpoint("old")

    mirror(shadow(endpoint))

    config = endpoint.configs[config_name(CANDIDATE)]
    (served,), (mirrored,) = config["ProductionVariants"], config["ShadowProductionVariants"]
    own = {"VariantName", "ModelName", "InitialVariantWeight"}
    assert {**served, **{name: None for name in own}} == {
        **mirrored,
        **{name: None for name in own},
    }
    assert mirrored["InitialInstanceCount"] == endpoint.instances


def test_the_deployment_after_it_takes_the_shadow_away() -> None:
    endpoint = FakeEndpoint("old")
    mirror(shadow(endpoint))
    deployment = SageMakerDeployment(cast(Any, endpoint), MemoryStore(), SPEC)

    while deployment.advance(DEPLOY) == "running":
        pass

    assert endpoint.config == config_name(DEPLOY)
    assert "ShadowProductionVariants" not in endpoint.configs[endpoint.config]


def test_what_cloudwatch_counted_is_told_by_variant(cloudwatch: Any) -> None:
    for variant, latency in (("champion", 20_000.0), ("shadow", 30_000.0)):
        count(cloudwatch, "Invocations", variant, [1, 1, 1])
        count(cloudwatch, "ModelLatency", variant, [latency, latency * 2])
    count(cloudwatch, "Invocation5XXErrors", "shadow", [1, 0, 0])

    since, until = NOW - timedelta(minutes=5), NOW + timedelta(minutes=5)
    traffic = shadow(FakeEndpoint("old"), cloudwatch).traffic(since, until)

    assert (traffic.champion.requests, traffic.champion.errors) == (3, 0)
    assert (traffic.candidate.requests, traffic.candidate.errors) == (3, 1)
    assert traffic.champion.mean_latency_seconds == pytest.approx(0.03)
    assert traffic.candidate.mean_latency_seconds == pytest.approx(0.045)
