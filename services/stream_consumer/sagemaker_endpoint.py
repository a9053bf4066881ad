"""The model endpoint behind SageMaker's runtime API.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from libs.events.invocations import JSON, ErrorResponse
from services.stream_consumer.errors import ConsumerError, RefusedError, TransientError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

# What the container answers to a request that no repetition makes better.
_REFUSALS = frozenset({400, 413, 415, 422})
# Busy or not ready: the request is not to blame.
_BUSY = frozenset({429, 503})


class SagemakerEndpoint:
    """One endpoint by name; the client must not retry by itself, since the caller does."""

    def __init__(self, client: "SageMakerRuntimeClient", name: str) -> None:
        self._client = client
        self._name = name

    def invoke(self, body: bytes, trace_id: str) -> bytes:
        """Return the container's answer; RefusedError or TransientError."""
        try:
            answer = self._client.invoke_endpoint(
                EndpointName=self._name,
                ContentType=JSON,
                Accept=JSON,
                Body=body,
                CustomAttributes=f"trace_id={trace_id}",
            )
            return answer["Body"].read()
        except ClientError as error:
            raise _translated(error) from error
        except (ReadTimeoutError, ResponseStreamingError) as error:
            raise TransientError(f"endpoint: {type(error).__name__}", is_suspect=True) from error
        except BotoCoreError as error:
            raise TransientError(f"endpoint: {type(error).__name__}") from error


def _translated(error: ClientError) -> ConsumerError:
    """Only a refusal by the model itself blames the records: no rights or no endpoint does not."""
    code = error.response.get("Error", {}).get("Code", "")
    if code != "ModelError":
        return TransientError(f"endpoint: {code}")
    status = int(str(error.response.get("OriginalStatusCode", 0)))
    reason = f"{status} {_error_code(str(error.response.get('OriginalMessage', '')))}".rstrip()
    if status in _REFUSALS:
        return RefusedError(reason)
    return TransientError(f"endpoint: {reason}", is_suspect=status not in _BUSY)


def _error_code(message: str) -> str:
    """Return the stable code of a container's error; its words stay out of logs."""
    try:
        return msgspec.json.decode(message, type=ErrorResponse).error.code
    except msgspec.MsgspecError:
        return ""
