"""What SageMaker and a locked-up runtime ask of the serving image, asked of the built image."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from libs.artifact.archive import unpack_artifact
from libs.labels.schema import LABEL_SCHEMA
from services.serving.testing.tiny_artifact import TinySpec, write_tiny_archive
from tests.images.engine import built_image, inspect_image, writable_program
from tests.images.serving_container import (
    RunningImage,
    ServingSpec,
    refuse_to_start,
    running_image,
)

NARRATIVE = "The bank charged my card twice"
QUOTED = json.dumps(NARRATIVE)
LABELS = set(LABEL_SCHEMA.names)


@pytest.fixture(scope="module")
def image() -> str:
    return built_image("serving")


def let_everyone_read(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that SageMaker makes of a model.tar.gz: readable by everyone."""
    folder = tmp_path_factory.mktemp("model")
    unpacked = unpack_artifact(write_tiny_archive(folder), folder / "unpacked").directory
    let_everyone_read(unpacked)
    return unpacked


@pytest.fixture(scope="module", params=["65532:65532", "0:0"], ids=["nobody", "root"])
def running(
    request: pytest.FixtureRequest,
    image: str,
    model: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningImage]:
    """The image as its own user, and as root, which AWS documents for its hosts."""
    log = tmp_path_factory.mktemp("log") / "log"
    with running_image(ServingSpec(image, model, user=request.param), log) as container:
        yield container


def test_the_image_runs_as_nobody_and_starts_without_a_shell(image: str) -> None:
    config = inspect_image(image)["Config"]

    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/app/bin/python", "-m", "services.serving.main"]
    assert config["Cmd"] == ["serve"]


def test_ping_answers_within_what_sagemaker_waits(running: RunningImage) -> None:
    answer = running.request("GET", "/ping")

    assert answer.status == 200
    assert answer.seconds < 2


def test_text_is_answered_as_the_original_answered(running: RunningImage) -> None:
    answer = running.post(f'{{"text": {QUOTED}}}'.encode()).json()

    assert answer["label"] in LABELS
    assert 0 <= answer["confidence"] <= 1


def test_inputs_are_answered_as_a_pipeline_answers(running: RunningImage) -> None:
    [scores] = running.post(f'{{"inputs": {QUOTED}}}'.encode()).json()

    assert {each["label"] for each in scores} == LABELS
    assert scores == sorted(scores, key=lambda each: -each["score"])


def test_one_bad_instance_spoils_no_other(running: RunningImage) -> None:
    body = {"instances": [{"id": "good", "text": NARRATIVE}, {"id": "bad", "text": ""}]}

    answer = running.post(json.dumps(body).encode())

    good, bad = answer.json()["predictions"]
    assert answer.status == 200
    assert good["label"] in LABELS
    assert "error" in bad
    assert answer.json()["model"]["name"] == "tiny"


@pytest.mark.parametrize(
    ("kind", "body", "lines"),
    [
        ("application/jsonlines", f'{{"text": {QUOTED}}}\n' * 2, 2),
        ("text/csv", f"{QUOTED}\n" * 3, 3),
        ("text/plain", NARRATIVE, 1),
    ],
)
def test_line_formats_are_answered_line_by_line(
    running: RunningImage, kind: str, body: str, lines: int
) -> None:
    answer = running.post(body.encode(), kind)

    assert answer.status == 200
    assert len(answer.body.decode().splitlines()) == lines


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (400, "application/json", f'{{"text": {QUOTED}'),
        (413, "text/plain", f"{NARRATIVE} " * 900_000),
        (415, "image/png", NARRATIVE),
        (422, "application/json", f'{{"text": [{QUOTED}]}}'),
    ],
)
def test_a_refusal_has_a_code_and_never_the_narrative(
    running: RunningImage, status: int, kind: str, body: str
) -> None:
    answer = running.post(body.encode(), kind)

    assert answer.status == status
    assert set(answer.json()["error"]) >= {"code", "message"}
    assert NARRATIVE.encode() not in answer.body


def test_a_large_batch_stays_within_the_memory_limit(running: RunningImage) -> None:
    body = {"instances": [{"text": NARRATIVE * 50}] * 5_000}

    answer = running.post(json.dumps(body).encode())

    assert len(answer.json()["predictions"]) == 5_000
    assert running.is_ready()


def test_metrics_and_batch_transform_have_their_routes(running: RunningImage) -> None:
    metrics = running.request("GET", "/metrics").body.decode()
    parameters = running.request("GET", "/execution-parameters").json()

    assert 'complaints_model_info{digest="' in metrics
    assert parameters["BatchStrategy"] == "MULTI_RECORD"


def test_only_its_scratch_folder_can_be_written(running: RunningImage) -> None:
    program = writable_program("/", "/app", "/etc", "/opt/ml/model", "/var/tmp", "/tmp")

    assert running.python(program) == "['/tmp']"


def test_its_processes_have_no_capability(running: RunningImage) -> None:
    status = running.python("print(open('/proc/1/status').read())")

    capabilities = [line.split()[1] for line in status.splitlines() if line.startswith("Cap")]
    assert len(capabilities) == 5
    assert set(capabilities) == {"0" * 16}


def test_it_holds_no_compiler_no_pip_and_no_training_library(running: RunningImage) -> None:
    program = """
from importlib.util import find_spec
from shutil import which
print([name for name in ("cc", "gcc", "g++", "clang", "make") if which(name)])
print([name for name in ("pip", "torch", "transformers", "boto3", "pytest") if find_spec(name)])
"""

    assert running.python(program) == "[]\n[]"


def test_a_packed_model_is_served_too(image: str, tmp_path: Path) -> None:
    write_tiny_archive(tmp_path)
    environ = {"MODEL_PATH": "/opt/ml/model/model.tar.gz"}
    let_everyone_read(tmp_path)

    with running_image(ServingSpec(image, tmp_path, environ), tmp_path / "log") as container:
        answer = container.post(f'{{"text": {QUOTED}}}'.encode())

    assert answer.json()["label"] in LABELS


def test_sigterm_reaches_it_and_loses_no_accepted_request(image: str, tmp_path: Path) -> None:
    write_tiny_archive(tmp_path, TinySpec(width=512, layers=20))
    environ = {"MODEL_PATH": "/opt/ml/model/model.tar.gz"}
    let_everyone_read(tmp_path)
    body = json.dumps({"instances": [{"text": NARRATIVE}] * 50}).encode()

    with (
        running_image(ServingSpec(image, tmp_path, environ), tmp_path / "log") as container,
        ThreadPoolExecutor(1) as client,
    ):
        accepted = client.submit(container.post, body)
        give_up_at = time.monotonic() + 30
        while "complaints_in_flight 0.0" in container.request("GET", "/metrics").body.decode():
            assert time.monotonic() < give_up_at, "the request never arrived"
        exit_code = container.terminate()

    assert exit_code == 0
    assert accepted.result().status == 200


@pytest.mark.parametrize("mode", [0o755, 0o700], ids=["absent", "unreadable"])
def test_a_missing_model_stops_the_start_with_one_sentence(
    image: str, tmp_path: Path, mode: int
) -> None:
    environ = {"MODEL_PATH": "/opt/ml/model/absent.tar.gz"}
    tmp_path.chmod(mode)

    result = refuse_to_start(ServingSpec(image, tmp_path, environ))

    assert result.returncode == 2
    assert "MODEL_PATH" in result.stderr
    assert result.stderr.count("\n") == 1
