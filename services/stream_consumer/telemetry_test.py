import io
import json
from typing import Any

import pytest
from aws_lambda_powertools import Logger, Metrics

from libs.metrics.contract import CONSUMER_METRICS
from services.stream_consumer.outcome import Outcome
from services.stream_consumer.record import Rejection
from services.stream_consumer.telemetry import NAMESPACE, SERVICE, Telemetry
from services.stream_consumer.testing.records import stream_record

OUTCOME = Outcome(
    logged=250,
    rejected=1,
    handed_back=2,
    calls=5,
    failures=["8", "9"],
    rejections=[Rejection(stream_record(7, "my secret"), "not valid")],
    end_to_end_seconds=[0.25] * 250,
    faults=["endpoint: 429", "endpoint: 429"],
)


def told(capsys: pytest.CaptureFixture[str], outcome: Outcome) -> tuple[list[Any], list[Any]]:
    """Return the log lines and the metric documents of one finished invocation."""
    stream = io.StringIO()
    logger = Logger(service=SERVICE, stream=stream)
    telemetry = Telemetry(logger, Metrics(namespace=NAMESPACE, service=SERVICE))

    telemetry.batch_done(outcome, batch_seconds=0.5, age_seconds=1.5)

    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [json.loads(line) for line in stream.getvalue().splitlines()], documents


def test_one_line_tells_the_batch_and_one_each_rejection(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines, _ = told(capsys, OUTCOME)

    assert [line["message"] for line in lines] == ["batch done", "record rejected"]
    assert (lines[0]["level"], lines[0]["handed_back"]) == ("WARNING", 2)
    assert lines[0]["faults"] == ["endpoint: 429"]
    assert lines[1]["event_id"] == "shardId-000000000000:7"


def test_every_metric_of_the_contract_is_told_and_every_value_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, documents = told(capsys, OUTCOME)
    named = [metric.name for metric in CONSUMER_METRICS]

    assert {key for document in documents for key in document} >= set(named)
    delays = [document.get("complaints_end_to_end_seconds", []) for document in documents]
    assert sum(map(len, delays)) == 250
    counts = {d["outcome"]: d["complaints_records_total"] for d in documents if "outcome" in d}
    assert counts == {"logged": [250], "rejected": [1], "handed_back": [2]}


def test_neither_lines_nor_metrics_hold_a_narrative(capsys: pytest.CaptureFixture[str]) -> None:
    assert "secret" not in json.dumps(told(capsys, OUTCOME))
