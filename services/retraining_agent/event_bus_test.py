import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from services.retraining_agent.errors import TransientError
from services.retraining_agent.event_bus import DETAIL_TYPE, SOURCE, EventBus
from services.retraining_agent.testing.fakes import FakeEvents, a_decision


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def client(service: Any, endpoint: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def queue_behind_a_rule(endpoint: str, bus: str) -> str:
    """Return the address of a queue that gets the agent's events."""
    events, sqs = client("events", endpoint), client("sqs", endpoint)
    events.create_event_bus(Name=bus)
    url = sqs.create_queue(QueueName="decisions")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = json.dumps({"source": [SOURCE], "detail": {"decision": ["do_nothing"]}})
    events.put_rule(Name="decisions", EventBusName=bus, EventPattern=pattern)
    target = {"Id": "queue", "Arn": attributes["QueueArn"]}
    events.put_targets(Rule="decisions", EventBusName=bus, Targets=[target])
    return str(url)


def test_a_decision_reaches_who_has_a_rule_for_it(endpoint: str) -> None:
    url = queue_behind_a_rule(endpoint, "complaints")

    EventBus(client("events", endpoint), "complaints").tell(a_decision())

    (message,) = client("sqs", endpoint).receive_message(QueueUrl=url)["Messages"]
    event = json.loads(message["Body"])
    assert (event["source"], event["detail-type"]) == (SOURCE, DETAIL_TYPE)
    assert event["detail"]["champion_version"] == "1.0.0"


def test_an_event_that_the_bus_refuses_is_a_transient_fault() -> None:
    bus = EventBus(FakeEvents(refusal="too large"), "complaints")

    with pytest.raises(TransientError, match="complaints refused the event: too large"):
        bus.tell(a_decision())


def test_a_bus_that_is_not_there_is_named() -> None:
    bus = EventBus(client("events", "http://127.0.0.1:9"), "complaints")

    with pytest.raises(TransientError, match="event bus complaints"):
        bus.tell(a_decision())
