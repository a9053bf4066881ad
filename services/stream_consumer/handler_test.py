import pytest

from services.stream_consumer.errors import SettingsError
from services.stream_consumer.handler import build_handler, invocation_trace_id


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
