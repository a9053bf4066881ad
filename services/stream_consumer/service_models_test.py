from typing import Any

import botocore.session
import pytest
from botocore.loaders import Loader

from services.stream_consumer.service_models import SERVICES, ServiceModels


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1"])
def test_a_service_is_described_as_botocore_describes_it(service: str, kind: str) -> None:
    model = ServiceModels().load_service_model(service, kind)

    assert model == Loader().load_service_model(service, kind)


@pytest.mark.parametrize("name", ["endpoints", "partitions", "_retry", "sdk-default-configuration"])
def test_what_all_services_share_is_what_botocore_reads(name: str) -> None:
    data: dict[str, Any] = ServiceModels().load_data(name)

    assert data == Loader().load_data(name)


def test_a_file_that_is_not_there_is_passed_over() -> None:
    assert ServiceModels().file_loader.load_file("/nonexistent/service-2") is None


def test_a_client_has_the_same_operations_and_address() -> None:
    session, plain = botocore.session.get_session(), botocore.session.get_session()
    session.register_component("data_loader", ServiceModels())

    client, expected = (each.create_client("s3", "eu-west-1") for each in (session, plain))

    assert client.meta.endpoint_url == expected.meta.endpoint_url
    assert client.meta.method_to_api_mapping == expected.meta.method_to_api_mapping
