import os
import subprocess
import sys

import pytest

from services.stream_consumer.errors import SettingsError
from services.stream_consumer.handler import build_handler, invocation_trace_id

LOAD = """
import sys
from services.stream_consumer import handler
handler.handler
print(*sys.modules)
"""
NOT_NEEDED = {"aws_xray_sdk", "boto3", "click", "numpy", "pyarrow", "pydantic", "rich", "torch"}


@pytest.mark.parametrize("missing", ["ENDPOINT_NAME", "LOG_BUCKET"])
def test_a_missing_variable_stops_the_start_and_is_named(missing: str) -> None:
    environ = {"ENDPOINT_NAME": "complaints", "LOG_BUCKET": "logs"}
    del environ[missing]

    with pytest.raises(SettingsError, match=missing):
        build_handler(environ)


def test_the_trace_of_an_invocation_is_its_root() -> None:
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

    assert invocation_trace_id({"_X_AMZN_TRACE_ID": header}) == header[5:40]
    assert invocation_trace_id({}) == ""


def test_a_cold_start_loads_nothing_that_a_batch_does_not_need() -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "AWS_DEFAULT_REGION": "us-east-1",
        "ENDPOINT_NAME": "complaints",
        "LOG_BUCKET": "logs",
    }

    loaded = subprocess.run(
        [sys.executable, "-c", LOAD], env=environment, check=True, capture_output=True, text=True
    ).stdout.split()

    assert "aws_lambda_powertools" in loaded
    assert NOT_NEEDED.isdisjoint(loaded)
