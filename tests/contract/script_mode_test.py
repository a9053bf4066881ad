"""Script mode as the SageMaker Hugging Face inference toolkit loads it, against the container.

The toolkit's handler puts the artifact's `code` first on the path, imports `inference`, takes every
`*_fn` that it finds there, hands a context to those with room for one more argument, and decodes
JSON and CSV before `input_fn`. Where the toolkit is installed, it is asked itself too.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from libs.artifact.archive import unpack_artifact
from services.onnx_exporter.script_mode import inference
from services.serving.testing.harness import serve_tiny_model
from services.serving.testing.tiny_artifact import TinySpec, write_tiny_archive

TOOLKIT = "sagemaker_huggingface_inference_toolkit"
NARRATIVE = "The bank charged my card twice. " * 20
REQUESTS = [
    ("application/json", json.dumps({"text": NARRATIVE})),
    ("application/json", json.dumps({"inputs": [NARRATIVE, "a loan"], "parameters": {"top_k": 2}})),
    ("application/json", json.dumps({"instances": [{"id": "a", "text": NARRATIVE}]})),
    ("application/jsonlines", json.dumps({"text": NARRATIVE}) + "\n"),
]

_BY_THE_RULES = """
import importlib, inspect, json, sys
directory, context = sys.argv[1], object()
sys.path.insert(0, directory + "/code")
module = importlib.import_module("inference")
assert not hasattr(module, "transform_fn"), "it may not stand beside the other functions"

def call(name, *arguments):
    function = getattr(module, name)
    room = len(inspect.signature(function).parameters) - len(arguments)
    assert room in (0, 1), f"{name} takes {room} arguments more than the toolkit has"
    return function(*arguments, *[context] * room)

model = call("model_fn", directory)
answers = []
for content_type, body in json.load(sys.stdin):
    is_text = content_type in ("application/json", "text/csv")
    data = call("input_fn", body if is_text else body.encode(), content_type)
    answers.append(call("output_fn", call("predict_fn", data, model), "application/json"))
json.dump(answers, sys.stdout)
"""

_BY_THE_TOOLKIT = """
import json, sys
from unittest.mock import MagicMock
from sagemaker_huggingface_inference_toolkit.handler_service import HuggingFaceHandlerService
context = MagicMock(system_properties={"model_dir": sys.argv[1], "batch_size": 1, "gpu_id": None})
handler = HuggingFaceHandlerService()
answers = []
for content_type, body in json.load(sys.stdin):
    properties = {"Content-Type": content_type}
    context.request_processor[0].get_request_properties.return_value = properties
    answers += handler.handle([{"body": body.encode()}], context)
print("\\n" + json.dumps(answers))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose `model` is an unpacked artifact with the real script."""
    folder = tmp_path_factory.mktemp("artifact")
    script = Path(inference.__file__ or "").read_bytes()
    unpack_artifact(write_tiny_archive(folder, TinySpec(script=script)), folder / "model")
    return folder


@pytest.fixture(scope="module")
def expected(folder: Path) -> list[str]:
    """What the container answers."""
    with serve_tiny_model(folder) as container:
        return [
            container.post(content=body, headers={"content-type": content_type}).text
            for content_type, body in REQUESTS
        ]


def answers_of(program: str, folder: Path) -> list[object]:
    ran = subprocess.run(
        [sys.executable, "-B", "-c", program, str(folder / "model")],
        input=json.dumps(REQUESTS),
        cwd=folder,
        env={"PATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(answer) for answer in json.loads(ran.stdout.splitlines()[-1])]


def without_model(answer: object) -> object:
    """Script mode has no room for the model beside a single answer."""
    if isinstance(answer, dict) and "label" in answer:
        return {key: value for key, value in answer.items() if key not in ("model", "id")}
    return answer


def test_by_the_toolkits_rules_script_mode_answers_as_the_container(
    folder: Path, expected: list[str]
) -> None:
    answers = answers_of(_BY_THE_RULES, folder)

    assert answers == [without_model(json.loads(answer)) for answer in expected]


@pytest.mark.skipif(importlib.util.find_spec(TOOLKIT) is None, reason=f"{TOOLKIT} not installed")
def test_under_the_toolkit_itself_script_mode_answers_as_the_container(
    folder: Path, expected: list[str]
) -> None:
    answers = answers_of(_BY_THE_TOOLKIT, folder)

    assert answers == [without_model(json.loads(answer)) for answer in expected]


def test_nothing_is_installed_at_the_start(folder: Path) -> None:
    assert [path.name for path in (folder / "model" / "code").iterdir()] == ["inference.py"]
