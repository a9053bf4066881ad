"""The commands of the agent's SageMaker Pipeline, against the programs of the images that run them.

Each step's shell script really runs, in folders as a job would find them, with a program that
writes down its arguments; then the exporter's own parser has to take these. The agent itself
imports neither exporter nor trainer.
"""

import io
import json
import os
import re
import shlex
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import click
import pytest

from services.onnx_exporter.main import cli as exporter
from services.retraining_agent.model_record import holdout_key
from services.retraining_agent.testing.pipeline import SPEC, pipeline_steps
from services.trainer.main import cli as trainer
from services.trainer.sagemaker import SageMakerJob

VERSION = "20260101T000000Z-ab12cd34"
PROCESSING = "/opt/ml/processing"
TRAINING_SET = "training_set.parquet"
# What lies in each input: the last part of its key.
INPUTS = {
    "checkpoint": "model.tar.gz",
    "holdout": holdout_key("0" * 64).rpartition("/")[2],
    "champion": "model.tar.gz",
    "artifact": "model.tar.gz",
}
RECORDER = '#!/bin/sh\nfor each in "$@"; do printf "%s\\n" "$each"; done > "$RECORD"\necho {}\n'


@pytest.fixture(scope="module")
def steps() -> dict[str, dict[str, Any]]:
    return pipeline_steps()


class Job:
    """A processing job below `root`, where the exporter only writes down how it was called."""

    def __init__(self, root: Path, arguments: dict[str, Any]) -> None:
        self._root = root
        self._arguments = arguments
        self.output = root / "output"
        self.output.mkdir(parents=True)
        self._program = root / "program"
        self._program.write_text(RECORDER)
        self._program.chmod(0o755)
        for each in arguments["ProcessingInputs"]:
            folder = self._here(each["S3Input"]["LocalPath"])
            Path(folder).mkdir(parents=True)
            (Path(folder) / INPUTS[each["InputName"]]).write_bytes(archive())

    def run(self) -> list[str]:
        """Run the step's entry point and return what the exporter was called with."""
        shell, options, script = self._arguments["AppSpecification"]["ContainerEntrypoint"]
        python, *module = shlex.split(SPEC.exporter_command)
        script = self._here(script).replace(python, str(self._program))
        assert set(self._arguments["Environment"]) == {"VERSION"}
        environment = {**os.environ, "VERSION": VERSION, "RECORD": str(self._root / "record")}
        subprocess.run([shell, options, script], env=environment, check=True)
        called = (self._root / "record").read_text().splitlines()
        assert called[: len(module)] == module
        return called[len(module) :]

    def _here(self, text: str) -> str:
        text = text.replace(PROCESSING, str(self._root))
        return text.replace("/tmp/checkpoint", str(self._root / "checkpoint"))


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("checkpoint.json"))
    return buffer.getvalue()


def parse(program: click.Group, arguments: list[str]) -> dict[str, Any]:
    """Return the values of a command as its program reads them; raises what click would tell."""
    name, *rest = arguments
    with program.commands[name].make_context(name, rest) as context:
        return context.params


def entry_point(service: str) -> list[str]:
    """Return what the image of a service runs, before the arguments that it is given."""
    dockerfile = Path("services", service, "Dockerfile").read_text()
    found = re.search(r"^ENTRYPOINT (.+)$", dockerfile, re.MULTILINE)
    assert found is not None
    return list(json.loads(found[1]))


def test_the_export_step_calls_a_command_of_the_exporter(
    steps: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    job = Job(tmp_path / "job", steps["Export"])

    name, *arguments = job.run()

    given = parse(exporter, [name, *arguments])
    assert name == "export"
    assert (given["checkpoint"] / "checkpoint.json").is_file()
    assert given["target"] == job.output
    assert given["version"] == VERSION
    assert given["narratives_file"].is_file()


def test_the_verify_step_calls_a_command_of_the_exporter(
    steps: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    job = Job(tmp_path / "job", steps["Verify"])

    name, *arguments = job.run()

    given = parse(exporter, [name, *arguments])
    assert name == "inspect"
    assert given["artifact"].is_file()
    assert given["as_json"]
    assert (job.output / "artifact.json").read_text() == "{}\n"


def test_the_evaluate_step_calls_a_command_of_the_exporter(
    steps: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    job = Job(tmp_path / "job", steps["Evaluate"])

    name, *arguments = job.run()

    given = parse(exporter, [name, *arguments])
    assert name == "compare"
    assert (given["first"].parent.name, given["second"].parent.name) == ("champion", "artifact")
    assert given["narratives_file"].is_file()
    assert given["as_json"]
    assert (job.output / "evaluation.json").read_text() == "{}\n"


def test_the_train_step_has_what_the_trainer_looks_for(
    steps: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    train = steps["Train"]
    for channel in train["InputDataConfig"]:
        folder = tmp_path / "input" / "data" / channel["ChannelName"]
        folder.mkdir(parents=True)
        (folder / TRAINING_SET).touch()

    # SageMaker gives the word `train` to the entry point of an image whose step names none.
    parse(trainer, ["train"])
    found = SageMakerJob(tmp_path).data_files()

    assert set(train["AlgorithmSpecification"]) == {"TrainingInputMode", "TrainingImage"}
    assert not train.get("HyperParameters")
    assert found.data.name == TRAINING_SET
    assert found.test is None


def test_the_images_run_what_the_steps_call() -> None:
    assert entry_point("onnx_exporter") == shlex.split(SPEC.exporter_command)
    assert entry_point("trainer")[-1] == "services.trainer.main"


@pytest.mark.parametrize(
    ("variable", "program"), [("TRAINER_COMMAND", trainer), ("EXPORTER_COMMAND", exporter)]
)
def test_the_commands_of_the_readme_are_those_of_the_programs(
    variable: str, program: click.Group, tmp_path: Path
) -> None:
    readme = Path("services/retraining_agent/README.md").read_text()
    found = re.search(rf'^{variable}="python -m [a-z_.]+ (.+)"$', readme, re.MULTILINE)
    assert found is not None

    command = re.sub(r"{(\w+)}", str(tmp_path), found[1].replace("{version}", VERSION))

    assert parse(program, shlex.split(command))
