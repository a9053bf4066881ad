import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.artifact.archive import Artifact, unpack_artifact
from libs.artifact.manifest import MODEL_FILE, SCRIPT_FILE, TOKENIZER_FILE
from libs.events.invocations import Prediction, read_invocations_response
from libs.text.errors import InvalidNarrativeError
from libs.text.normalise import normalise
from libs.text.tokenizer import NarrativeTokenizer
from libs.text.truncation import TruncationSpec, TruncationStrategy
from services.onnx_exporter.awkward_text import AWKWARD_TEXTS
from services.onnx_exporter.narratives import fixed_narratives
from services.onnx_exporter.onnx_classifier import OnnxClassifier
from services.onnx_exporter.pipeline import ExportResult
from services.onnx_exporter.script_mode import inference

CORPUS = [*fixed_narratives().texts, *AWKWARD_TEXTS]


@pytest.fixture(scope="module")
def artifact(exported: ExportResult, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return unpack_artifact(Path(exported.archive), tmp_path_factory.mktemp("served") / "model")


@pytest.fixture(scope="module")
def model(artifact: Artifact) -> inference.Model:
    return inference.model_fn(str(artifact.directory))


def ask(model: inference.Model, document: object, content_type: str = "application/json") -> str:
    body = document if isinstance(document, str) else json.dumps(document)
    return inference.output_fn(inference.predict_fn(inference.input_fn(body, content_type), model))


def test_the_answers_are_those_of_the_shared_code(
    artifact: Artifact, model: inference.Model
) -> None:
    manifest = artifact.manifest
    tokenizer = NarrativeTokenizer.from_file(artifact.path(TOKENIZER_FILE), manifest.truncation)
    classifier = OnnxClassifier(artifact.path(MODEL_FILE))

    for narrative in CORPUS:
        encoded = tokenizer.encode(narrative)
        decision = manifest.decision_rule.decide(classifier.logits(encoded.input_ids))
        answer = model.classify(narrative)
        assert answer == {
            "label": decision.label_name,
            "confidence": decision.confidence,
            "scores": dict(zip(manifest.label_schema.names, decision.probabilities, strict=True)),
            "needs_review": decision.needs_review,
            "is_truncated": encoded.is_truncated,
            "tokens": encoded.token_count,
        }


@given(st.text())
def test_a_narrative_is_normalised_as_in_training(narrative: str) -> None:
    try:
        expected = normalise(narrative)
    except InvalidNarrativeError:
        with pytest.raises(inference.InputError):
            inference.normalise(narrative)
        return

    assert inference.normalise(narrative) == expected


@given(
    body=st.lists(st.integers(0, 99), max_size=80),
    max_length=st.integers(3, 64),
    strategy=st.sampled_from(["head", "head_tail"]),
)
@settings(max_examples=200)
def test_a_long_narrative_is_cut_as_in_training(
    body: list[int], max_length: int, strategy: TruncationStrategy
) -> None:
    expected = TruncationSpec(max_length, strategy).cut(body)

    assert inference.cut(body, max_length, strategy) == expected


def test_inputs_are_answered_best_first(model: inference.Model) -> None:
    answers = json.loads(ask(model, {"inputs": CORPUS[:2], "parameters": {"top_k": 2}}))

    assert [len(answer) for answer in answers] == [2, 2]
    assert answers[0][0]["label"] == model.classify(CORPUS[0])["label"]
    assert answers[0][0]["score"] >= answers[0][1]["score"]


def test_a_single_text_is_answered_with_label_and_confidence(model: inference.Model) -> None:
    answer = json.loads(ask(model, {"text": CORPUS[0]}))

    assert answer == model.classify(CORPUS[0])


def test_instances_are_answered_in_the_form_of_the_contract(
    artifact: Artifact, model: inference.Model
) -> None:
    body = ask(model, {"instances": [{"id": "a", "text": CORPUS[0]}, {"text": CORPUS[1]}]})

    response = read_invocations_response(body.encode())

    assert response.model.digest == artifact.digest
    assert [item.id for item in response.predictions] == ["a", None]
    assert all(isinstance(item, Prediction) for item in response.predictions)


def test_one_bad_instance_spoils_no_other(model: inference.Model) -> None:
    instances = [{"id": "a", "text": " "}, {"id": "b", "text": CORPUS[0]}, {"id": "c"}]

    predictions = json.loads(ask(model, {"instances": instances}))["predictions"]

    assert ["error" in item for item in predictions] == [True, False, True]
    assert predictions[1]["label"] == model.classify(CORPUS[0])["label"]


def test_json_lines_are_answered_line_by_line(model: inference.Model) -> None:
    body = "\n".join(json.dumps({"text": text}) for text in CORPUS[:3])

    lines = ask(model, body, "application/jsonlines").splitlines()

    assert [json.loads(line) for line in lines] == [model.classify(text) for text in CORPUS[:3]]


@pytest.mark.parametrize(
    ("body", "content_type", "rows"),
    [('"a, b"\nc', "text/csv", 2), ("a, b\nc", "text/plain", 1), ("a", "text/plain; x=y", 1)],
)
def test_plain_bodies_are_answered_in_rows(
    model: inference.Model, body: str, content_type: str, rows: int
) -> None:
    answer = ask(model, body, content_type)

    assert len(answer.splitlines()) == rows
    assert answer.split(",")[0] in model.names


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("{", "application/json"),
        ("[]", "application/json"),
        ("{}", "application/json"),
        ('{"inputs": []}', "application/json"),
        ('{"inputs": ["secret", 1]}', "application/json"),
        ('{"inputs": "secret", "parameters": {"top_k": 0}}', "application/json"),
        ('{"inputs": "secret", "parameters": []}', "application/json"),
        ('{"instances": ["secret"]}', "application/json"),
        ('{"text": "secret \\ud800"}', "application/json"),
        (b"\xff", "text/plain"),
        ("", "text/csv"),
        ("secret", "application/pickle"),
    ],
)
def test_a_bad_request_is_refused_without_quoting_it(body: str | bytes, content_type: str) -> None:
    with pytest.raises(inference.InputError) as caught:
        inference.input_fn(body, content_type)

    assert "secret" not in str(caught.value)


def test_a_changed_file_stops_the_load(exported: ExportResult, tmp_path: Path) -> None:
    artifact = unpack_artifact(Path(exported.archive), tmp_path / "model")
    artifact.path(TOKENIZER_FILE).write_text("{}")

    with pytest.raises(RuntimeError, match=r"tokenizer\.json"):
        inference.model_fn(str(artifact.directory))


def test_the_script_runs_where_this_repository_is_not(artifact: Artifact, tmp_path: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1] + '/code'); import inference as i; "
        "m = i.model_fn(sys.argv[1]); r = i.input_fn('late fee', 'text/plain'); "
        "print(i.output_fn(i.predict_fn(r, m))); "
        "assert not any(n.startswith(('libs', 'services')) for n in sys.modules)"
    )

    ran = subprocess.run(
        [sys.executable, "-B", "-c", program, str(artifact.directory)],
        cwd=tmp_path,
        env={"PATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stderr == ""
    assert ran.stdout.split(",")[0] in artifact.manifest.label_schema.names


def test_the_artifact_holds_the_script_that_is_tested(artifact: Artifact) -> None:
    source = Path(inference.__file__ or "")

    assert artifact.path(SCRIPT_FILE).read_bytes() == source.read_bytes()


def test_the_runtime_keeps_no_identifier_for_its_maker(artifact: Artifact, tmp_path: Path) -> None:
    command = [sys.executable, str(artifact.path(SCRIPT_FILE))]
    environ = {"PATH": "", "HOME": str(tmp_path)}

    subprocess.run(command, env=environ, check=True)

    assert list(tmp_path.iterdir()) == []
