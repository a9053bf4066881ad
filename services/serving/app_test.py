import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.labels.schema import LABEL_SCHEMA
from services.serving.testing.harness import Harness, HarnessSpec, serve_tiny_model

NARRATIVE = "The bank charged my card twice."


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with serve_tiny_model(tmp_path_factory.mktemp("model")) as harness:
        yield harness


def post(harness: Harness, body: object, **headers: str) -> tuple[int, object]:
    response = harness.post(json=body, headers=headers)
    return response.status_code, response.json()


def post_raw(harness: Harness, body: bytes, content_type: str, **headers: str) -> tuple[int, str]:
    headers["content-type"] = content_type
    response = harness.post(content=body, headers=headers)
    return response.status_code, response.text


def test_text_answers_as_the_original_did_and_says_more(harness: Harness) -> None:
    status, answer = post(harness, {"text": NARRATIVE})

    assert status == 200
    assert isinstance(answer, dict)
    assert answer["label"] in LABEL_SCHEMA.names
    assert answer["confidence"] == max(answer["scores"].values())
    assert answer["model"] == {
        "name": "tiny",
        "version": "1.0.0",
        "digest": harness.service.model.classifier.artifact.digest,
    }


def test_inputs_answers_ranked_labels_for_each_narrative(harness: Harness) -> None:
    status, answer = post(harness, {"inputs": [NARRATIVE, "a loan"], "parameters": {"top_k": 2}})

    assert status == 200
    assert isinstance(answer, list)
    assert [len(ranked) for ranked in answer] == [2, 2]
    assert answer[0][0]["score"] > answer[0][1]["score"]


def test_one_string_of_inputs_answers_every_label(harness: Harness) -> None:
    _, answer = post(harness, {"inputs": NARRATIVE})

    assert isinstance(answer, list)
    assert sorted(entry["label"] for entry in answer[0]) == sorted(LABEL_SCHEMA.names)


def test_a_bad_instance_spoils_no_other(harness: Harness) -> None:
    instances = [{"id": "a", "text": NARRATIVE}, {"id": "b", "text": " "}, {"text": 3}]

    status, answer = post(harness, {"instances": instances})

    assert status == 200
    assert isinstance(answer, dict)
    good, blank, number = answer["predictions"]
    assert (good["id"], good["label"] in LABEL_SCHEMA.names) == ("a", True)
    assert (blank["id"], blank["error"]["code"]) == ("b", "invalid_narrative")
    assert number["error"]["message"] == "instances[2].text: expected a string"


def test_json_lines_answer_line_for_line(harness: Harness) -> None:
    body = b'{"text": "my card", "id": "x"}\nnot json\n{"text": "my loan"}\n'

    status, text = post_raw(harness, body, "application/jsonlines")

    first, second, third = (json.loads(line) for line in text.splitlines())
    assert status == 200
    assert first["id"] == "x"
    assert second["error"]["code"] == "invalid_json"
    assert third["label"] in LABEL_SCHEMA.names


def test_csv_answers_label_and_confidence_row_for_row(harness: Harness) -> None:
    status, text = post_raw(harness, b'"a card, twice"\r\na,b\r\nloan\r\n', "text/csv")

    rows = [row.split(",") for row in text.splitlines()]
    assert status == 200
    assert rows[0][0] in LABEL_SCHEMA.names
    assert 0 < float(rows[0][1]) <= 1
    assert rows[1] == ["", "", "too_many_columns"]
    assert len(rows) == 3


def test_plain_text_is_one_narrative(harness: Harness) -> None:
    status, text = post_raw(harness, b"my card, my loan\nand more", "text/plain; charset=utf-8")

    assert status == 200
    assert text.split(",")[0] in LABEL_SCHEMA.names


def test_every_format_gives_the_same_answer(harness: Harness) -> None:
    _, text = post(harness, {"text": NARRATIVE})
    _, instances = post(harness, {"instances": [{"text": NARRATIVE}]})
    _, csv = post_raw(harness, NARRATIVE.encode(), "text/plain")

    assert isinstance(text, dict)
    assert isinstance(instances, dict)
    assert instances["predictions"][0]["scores"] == text["scores"]
    assert csv == f"{text['label']},{text['confidence']!r}\r\n"


@pytest.mark.parametrize(
    ("accept", "begins_with"),
    [("application/json", "{"), ("application/jsonlines", '{"label"'), ("text/csv", "")],
)
def test_accept_is_honoured(harness: Harness, accept: str, begins_with: str) -> None:
    response = harness.post(json={"text": NARRATIVE}, headers={"accept": accept})

    assert response.headers["content-type"] == accept
    assert response.text.startswith(begins_with)


def test_truncation_is_told(harness: Harness) -> None:
    _, answer = post(harness, {"text": "card " * 100})

    assert isinstance(answer, dict)
    assert answer["is_truncated"] is True
    assert answer["tokens"] == 102


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_json"),
        (b"[]", "application/json", 422, "invalid_type"),
        (b"{}", "application/json", 422, "missing_field"),
        (b'{"text": "a", "inputs": "b"}', "application/json", 422, "missing_field"),
        (b'{"text": null}', "application/json", 422, "invalid_type"),
        (b'{"text": ""}', "application/json", 422, "invalid_length"),
        (b'{"inputs": []}', "application/json", 422, "empty_batch"),
        (b'{"inputs": "a", "parameters": {"top_k": 0}}', "application/json", 422, "invalid_top_k"),
        (b'{"inputs": "a", "parameters": {"x": 0}}', "application/json", 422, "unknown_parameter"),
        (b'{"text": "a", "text": "b"}', "application/json", 400, "duplicate_key"),
        (b'{"text": NaN}', "application/json", 400, "invalid_json"),
        (b'{"text": "\xff"}', "application/json", 400, "invalid_utf8"),
        (b'{"text": "\\ud800"}', "application/json", 422, "invalid_narrative"),
        (b"[" * 100_000, "application/json", 400, "invalid_json"),
        (b'{"text": ' + b"9" * 10_000 + b"}", "application/json", 400, "invalid_json"),
        (b"a", "application/xml", 415, "unsupported_content_type"),
        (b"a", "text/plain; charset=latin-1", 415, "unsupported_charset"),
        (b"", "text/csv", 422, "empty_batch"),
        (b"", "application/jsonlines", 422, "empty_batch"),
        (b" ", "text/plain", 422, "invalid_narrative"),
        (b'"unclosed', "text/csv", 400, "invalid_csv"),
        (b"a\n" * 51, "text/csv", 413, "too_many_items"),
        (b"a" * 100_001, "text/plain", 422, "invalid_length"),
        (b"a" * (1 << 20) + b"a", "text/plain", 413, "body_too_large"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(
    harness: Harness, body: bytes, content_type: str, status: int, code: str
) -> None:
    got_status, text = post_raw(harness, body, content_type)

    assert (got_status, json.loads(text)["error"]["code"]) == (status, code)


def test_an_answer_that_cannot_be_given_is_refused(harness: Harness) -> None:
    status, answer = post(harness, {"text": NARRATIVE}, accept="image/png")

    assert status == 415
    assert isinstance(answer, dict)
    assert answer["error"]["code"] == "unsupported_accept"


def test_the_information_routes_answer(harness: Harness) -> None:
    answers = {
        path: harness.get(path)
        for path in ("/ping", "/model", "/execution-parameters", "/docs", "/openapi.json")
    }

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(
        answers, 200
    )
    assert answers["/model"].json()["name"] == "tiny"
    assert answers["/execution-parameters"].json() == {
        "MaxConcurrentTransforms": 4,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": 1,
    }
    assert "my card was charged twice" in answers["/docs"].text.lower()


def test_every_example_of_the_description_is_answered(harness: Harness) -> None:
    operation = harness.get("/openapi.json").json()["paths"]["/invocations"]["post"]
    content = operation["requestBody"]["content"]
    bodies = [
        (media_type, example if isinstance(example, str) else json.dumps(example))
        for media_type, body in content.items()
        for example in [
            *(entry["value"] for entry in body.get("examples", {}).values()),
            *([body["example"]] if "example" in body else []),
        ]
    ]

    statuses = [post_raw(harness, text.encode(), media_type)[0] for media_type, text in bodies]

    assert statuses == [200] * 6


def test_an_unknown_route_has_the_same_shape_of_error(harness: Harness) -> None:
    answer = harness.get("/nope")

    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"code", "message"}


def test_the_trace_id_comes_back_in_the_header_that_sagemaker_hands_on(harness: Harness) -> None:
    header = "X-Amzn-SageMaker-Custom-Attributes"

    answer = harness.get("/ping", headers={header: "trace_id=abc-1"})

    assert answer.headers[header] == "trace_id=abc-1"


def test_metrics_count_requests_and_predictions(tmp_path: Path) -> None:
    with serve_tiny_model(tmp_path) as harness:
        post(harness, {"inputs": [NARRATIVE, "card " * 100]})
        post_raw(harness, b"{", "application/json")

        text = harness.get("/metrics").text

    assert 'complaints_requests_total{code="200",route="/invocations"} 1.0' in text
    assert 'complaints_requests_total{code="400",route="/invocations"} 1.0' in text
    assert "complaints_truncated_total 1.0" in text
    assert "complaints_narrative_tokens_count 2.0" in text
    assert 'complaints_model_info{digest="' in text


def test_nothing_is_served_before_the_model_is_loaded(tmp_path: Path) -> None:
    with serve_tiny_model(tmp_path, HarnessSpec(is_started=False)) as harness:
        ping = harness.get("/ping")
        status, answer = post(harness, {"text": NARRATIVE})

    assert ping.status_code == 503
    assert status == 503
    assert isinstance(answer, dict)
    assert answer["error"]["code"] == "loading"
