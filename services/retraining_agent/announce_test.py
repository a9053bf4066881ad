import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from services.retraining_agent.announce import announcer, metrics_of, push_gateway, webhook
from services.retraining_agent.testing.fakes import a_decision


class Receiver(HTTPServer):
    """Keeps what is posted to it."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:  # noqa: N802
        self.server.received.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_webhook_gets_the_decision(receiver: Receiver) -> None:
    complaints: list[str] = []
    tell = announcer([webhook(f"http://127.0.0.1:{receiver.server_port}/")], complaints.append)

    tell(a_decision())

    assert json.loads(receiver.received[0])["decision"] == "do_nothing"
    assert complaints == []


def test_one_that_does_not_answer_is_complained_of_and_stops_no_other(receiver: Receiver) -> None:
    complaints: list[str] = []
    nobody, somebody = "http://127.0.0.1:9/", f"http://127.0.0.1:{receiver.server_port}/"
    tellers = [push_gateway(nobody), webhook(nobody), webhook(somebody)]

    announcer(tellers, complaints.append)(a_decision())

    assert len(receiver.received) == 1
    assert [text.partition(":")[0] for text in complaints] == [
        "the decision could not be announced"
    ] * 2


def test_the_metrics_are_those_of_the_contract() -> None:
    registry = metrics_of(a_decision())

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert value("complaints_decisions_total", decision="do_nothing") == 1
    assert value("complaints_drift_psi", feature="label_mix") == 0.02
    assert value("complaints_champion_info", version="1.0.0", digest="a" * 64) == 1
