"""The real API server between a real boto3 client and an endpoint whose containers are told."""

from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from ops.local.cloud.blue_green import BlueGreenEndpoint
from ops.local.cloud.sagemaker_control import ControlServer, SagemakerControl

VARIANT = {
    "VariantName": "champion",
    "ModelName": "model-2",
    "InstanceType": "ml.m5.large",
    "InitialInstanceCount": 1,
}


class FakeEndpoint:
    """Stays Updating until it is told otherwise."""

    name = "complaints"
    failure_reason: str | None = None

    def __init__(self) -> None:
        self.status = "InService"
        self.config = "config-1"
        self.updates: list[tuple[str, str]] = []

    def update(self, config: str, model_data_url: str) -> None:
        self.status = "Updating"
        self.updates.append((config, model_data_url))


@pytest.fixture
def endpoint() -> FakeEndpoint:
    return FakeEndpoint()


@pytest.fixture
def client(endpoint: FakeEndpoint, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    control = SagemakerControl([cast(BlueGreenEndpoint, endpoint)])
    with ControlServer(control) as server:
        client = boto3.client(
            "sagemaker",
            endpoint_url=server.environment["AWS_ENDPOINT_URL_SAGEMAKER"],
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        yield client
        client.close()


def describe(client: Any) -> tuple[str, str]:
    answer = client.describe_endpoint(EndpointName="complaints")
    return answer["EndpointStatus"], answer["EndpointConfigName"]


def create(client: Any) -> None:
    client.create_model(ModelName="model-2", PrimaryContainer={"ModelDataUrl": "s3://bucket/2"})
    client.create_endpoint_config(EndpointConfigName="config-2", ProductionVariants=[VARIANT])


def test_an_update_serves_the_model_of_its_configuration(
    client: Any, endpoint: FakeEndpoint
) -> None:
    create(client)

    client.update_endpoint(EndpointName="complaints", EndpointConfigName="config-2")

    assert endpoint.updates == [("config-2", "s3://bucket/2")]
    assert describe(client) == ("Updating", "config-1")


def test_the_first_container_is_described_as_a_model_that_a_release_can_copy(client: Any) -> None:
    config = client.describe_endpoint_config(EndpointConfigName="config-1")
    (variant,) = config["ProductionVariants"]
    model = client.describe_model(ModelName=variant["ModelName"])

    served = client.describe_endpoint(EndpointName="complaints")["ProductionVariants"]
    assert served == [{"VariantName": variant["VariantName"], "DesiredInstanceCount": 1}]
    assert model["PrimaryContainer"] == {"Image": "local"}


def test_what_was_created_is_described_as_it_was_asked_for(client: Any) -> None:
    create(client)

    config = client.describe_endpoint_config(EndpointConfigName="config-2")
    model = client.describe_model(ModelName="model-2")

    assert config["ProductionVariants"] == [VARIANT]
    assert model["PrimaryContainer"] == {"ModelDataUrl": "s3://bucket/2"}


def test_an_endpoint_that_is_being_updated_is_not_updated(
    client: Any, endpoint: FakeEndpoint
) -> None:
    create(client)
    endpoint.status = "Updating"

    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        client.update_endpoint(EndpointName="complaints", EndpointConfigName="config-2")


def test_a_name_is_taken_once(client: Any) -> None:
    create(client)

    with pytest.raises(ClientError, match="already existing model"):
        client.create_model(ModelName="model-2", PrimaryContainer={"ModelDataUrl": "s3://b/3"})
    with pytest.raises(ClientError, match="already existing endpoint configuration"):
        client.create_endpoint_config(EndpointConfigName="config-2", ProductionVariants=[VARIANT])


def test_what_it_cannot_do_it_refuses(client: Any) -> None:
    create(client)
    shadow = {**VARIANT, "VariantName": "shadow"}

    with pytest.raises(ClientError, match="no shadow"):
        client.create_endpoint_config(
            EndpointConfigName="config-3",
            ProductionVariants=[VARIANT],
            ShadowProductionVariants=[shadow],
        )
    with pytest.raises(ClientError, match="has no ListModels"):
        client.list_models()


@pytest.mark.parametrize(("name", "config"), [("nobody", "config-2"), ("complaints", "config-9")])
def test_what_is_not_there_is_not_found(client: Any, name: str, config: str) -> None:
    create(client)

    with pytest.raises(ClientError, match="Could not find"):
        client.update_endpoint(EndpointName=name, EndpointConfigName=config)


def test_neither_is_what_was_never_created(client: Any) -> None:
    with pytest.raises(ClientError, match="Could not find endpoint configuration config-9"):
        client.describe_endpoint_config(EndpointConfigName="config-9")
    with pytest.raises(ClientError, match="Could not find model model-9"):
        client.describe_model(ModelName="model-9")
