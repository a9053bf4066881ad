"""Builds the AWS clients: once, while the function initialises.

From botocore directly: importing boto3 on top makes the cold start longer and adds nothing.
"""

from typing import TYPE_CHECKING, cast

import botocore.session
from botocore.config import Config

from services.stream_consumer.s3_store import S3Store
from services.stream_consumer.sagemaker_endpoint import SagemakerEndpoint
from services.stream_consumer.service_models import ServiceModels
from services.stream_consumer.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

_CONNECT_SECONDS = 2
_STORE_READ_SECONDS = 5


def build_adapters(settings: Settings) -> tuple[SagemakerEndpoint, S3Store]:
    """Return the endpoint and the log bucket."""
    session = botocore.session.get_session()
    session.register_component("data_loader", ServiceModels())
    runtime = session.create_client(
        "sagemaker-runtime", config=_config(settings.endpoint_timeout_seconds)
    )
    s3 = session.create_client("s3", config=_config(_STORE_READ_SECONDS))
    return (
        SagemakerEndpoint(cast("SageMakerRuntimeClient", runtime), settings.endpoint_name),
        S3Store(cast("S3Client", s3), settings.log_bucket),
    )


def _config(read_seconds: float) -> Config:
    """The consumer repeats calls itself, knowing the time that is left: botocore must not."""
    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"total_max_attempts": 1},
        max_pool_connections=64,
    )
