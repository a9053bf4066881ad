"""Copies of a live endpoint: what they keep and what they change. moto answers where it can: it
keeps neither network isolation nor shadow variants, for which the fake stands in."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.session import get_session
from moto import mock_aws

from services.retraining_agent.deployment import Release
from services.retraining_agent.errors import BadInputError
from services.retraining_agent.live_endpoint import (
    NAMES_OF_A_CONFIG,
    NAMES_OF_A_MODEL,
    LiveEndpoint,
    read_live_endpoint,
    sagemaker_name,
    with_shadow,
)
from services.retraining_agent.testing.fake_endpoint import (
    LIVE_MODEL,
    LIVE_VARIANT,
    FakeEndpoint,
    live_config,
    live_model,
)

RELEASE = Release("run-1-deploy", "2.0.0", "d" * 64, "registry/models/2/model.tar.gz")


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("sagemaker", region_name="us-east-1")


def read(client: Any) -> LiveEndpoint:
    return read_live_endpoint(client, client.describe_endpoint(EndpointName="complaints"))


def live() -> LiveEndpoint:
    return read(FakeEndpoint("old"))


def test_a_model_is_the_live_one_with_other_data() -> None:
    request = live().model_request(RELEASE, "bucket")

    expected = live_model()
    expected["ModelName"] = request["ModelName"]
    expected["PrimaryContainer"]["ModelDataUrl"] = "s3://bucket/registry/models/2/model.tar.gz"
    assert request == expected


def test_a_configuration_is_the_live_one_with_another_model_and_the_count_of_now() -> None:
    request = live().config_request("run-1-deploy", "model-2")

    expected = live_config("run-1-deploy")
    expected["ProductionVariants"] = [
        {**LIVE_VARIANT, "ModelName": "model-2", "InitialInstanceCount": 5}
    ]
    assert request == expected


def test_the_weight_of_a_shadow_is_a_share_of_the_live_weight() -> None:
    endpoint = FakeEndpoint("old")
    endpoint.configs["old"]["ProductionVariants"] = [{**LIVE_VARIANT, "InitialVariantWeight": 4.0}]

    request = with_shadow(read(endpoint).config_request("run-1", "model-1"), "model-2", 0.5)

    (shadow,) = request["ShadowProductionVariants"]
    assert (shadow["ModelName"], shadow["InitialVariantWeight"]) == ("model-2", 2.0)


def test_data_that_is_described_in_two_ways_is_asked_for_in_one() -> None:
    endpoint = FakeEndpoint("old")
    endpoint.models[LIVE_MODEL]["PrimaryContainer"]["ModelDataSource"] = {"S3DataSource": {}}

    container = read(endpoint).model_request(RELEASE, "bucket")["PrimaryContainer"]

    assert "ModelDataSource" not in container
    assert container["ModelDataUrl"].endswith("/registry/models/2/model.tar.gz")


def test_the_name_of_a_model_follows_all_that_is_in_it() -> None:
    endpoint = FakeEndpoint("old")

    def name() -> str:
        return str(read(endpoint).model_request(RELEASE, "bucket")["ModelName"])

    before = name()

    endpoint.models[LIVE_MODEL]["PrimaryContainer"]["Environment"] = {"COMPLAINTS_LOG": "debug"}

    assert name() != before
    assert name() == name()


@pytest.mark.parametrize("version", ["2.0.0+" + "x" * 100, "2.0.0"])
def test_names_are_those_that_sagemaker_takes(version: str) -> None:
    release = Release("run-1-deploy", version, "d" * 64, "key")

    name = live().model_request(release, "bucket")["ModelName"]

    assert len(name) <= 63
    assert name == sagemaker_name(name)


@pytest.mark.parametrize(
    ("operation", "names"), [("EndpointConfig", NAMES_OF_A_CONFIG), ("Model", NAMES_OF_A_MODEL)]
)
def test_whatever_is_described_can_be_asked_for(operation: str, names: frozenset[str]) -> None:
    """A new boto3 may describe what creating does not take: then the names have to grow."""
    service = get_session().get_service_model("sagemaker")
    described = service.operation_model(f"Describe{operation}").output_shape
    taken = service.operation_model(f"Create{operation}").input_shape
    assert described is not None
    assert taken is not None

    assert set(described.members) - names <= set(taken.members)
    assert set(taken.members) - set(described.members) == {"Tags"}


@pytest.mark.parametrize(
    ("container", "variants", "message"),
    [
        ({"ModelPackageName": "package"}, [LIVE_VARIANT], "is not one image"),
        ({"Image": "image", "Mode": "MultiModel"}, [LIVE_VARIANT], "is not one image"),
        ({"Image": "image"}, [LIVE_VARIANT, LIVE_VARIANT], "has 2 production variants"),
        ({"Image": "image"}, [{"VariantName": "champion"}], "serves inference components"),
    ],
)
def test_an_endpoint_that_a_release_would_break_is_refused(
    container: dict[str, str], variants: list[dict[str, Any]], message: str
) -> None:
    endpoint = FakeEndpoint("old")
    endpoint.models[LIVE_MODEL]["PrimaryContainer"] = container
    endpoint.configs["old"]["ProductionVariants"] = variants

    with pytest.raises(BadInputError, match=f"endpoint complaints.*{message}"):
        read(endpoint)


def test_what_sagemakers_api_describes_becomes_a_request_that_it_takes(sagemaker: Any) -> None:
    variant = {**LIVE_VARIANT, "InstanceType": "ml.c5.xlarge"}  # moto knows no newer ones
    config = {**live_config("old"), "ProductionVariants": [variant]}
    sagemaker.create_model(**live_model())
    sagemaker.create_endpoint_config(**config)
    sagemaker.create_endpoint(EndpointName="complaints", EndpointConfigName="old")

    found = read(sagemaker)
    model = found.model_request(RELEASE, "bucket")
    sagemaker.create_model(**model)
    sagemaker.create_endpoint_config(**found.config_request("new", model["ModelName"]))

    copied = sagemaker.describe_endpoint_config(EndpointConfigName="new")
    released = sagemaker.describe_model(ModelName=model["ModelName"])
    assert copied["ProductionVariants"] == [{**variant, "ModelName": model["ModelName"]}]
    assert copied["KmsKeyId"] == config["KmsKeyId"]
    assert copied["DataCaptureConfig"] == config["DataCaptureConfig"]
    assert released["VpcConfig"] == live_model()["VpcConfig"]
    assert released["ExecutionRoleArn"] == live_model()["ExecutionRoleArn"]
    assert released["PrimaryContainer"]["Image"] == "serving@sha256:1"
