import httpx
import pytest

from ops.monitoring.check.prometheus_api import Prometheus, Series, Span, read_series

SPAN = Span(0.0, 4.0, 2.0)


def server(status: int, body: object) -> Prometheus:
    transport = httpx.MockTransport(lambda request: httpx.Response(status, json=body))
    return Prometheus(httpx.Client(transport=transport, base_url="http://prometheus"))


def test_a_series_is_named_by_the_legend_and_keeps_only_finite_values() -> None:
    item = {
        "metric": {"route": "/ping", "code": "200"},
        "values": [[0, "NaN"], [2, "0.5"], [4, "+Inf"]],
    }

    assert read_series(item, "{{route}} {{absent}}p95") == Series("/ping p95", [2.0], [0.5])


def test_a_series_without_a_finite_value_is_no_data() -> None:
    result = [{"metric": {}, "values": [[0, "NaN"]]}, {"metric": {}, "values": [[0, "0"]]}]
    prometheus = server(200, {"status": "success", "data": {"result": result}})

    found = prometheus.series("up", "up", SPAN)

    assert found == [Series("up", [0.0], [0.0])]


def test_a_query_that_prometheus_refuses_is_an_error() -> None:
    prometheus = server(400, {"status": "error", "error": "parse error"})

    with pytest.raises(httpx.HTTPStatusError):
        prometheus.series("up{", "up", SPAN)
